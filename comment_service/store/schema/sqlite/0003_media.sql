ALTER TABLE media RENAME COLUMN created_at_ms TO uploaded_at_ms;
ALTER TABLE media ADD COLUMN condemned_at_ms INTEGER;
-- How many comments use it, counted with each that comes and goes.
ALTER TABLE media ADD COLUMN uses INTEGER NOT NULL DEFAULT 0;
CREATE INDEX media_unused ON media (uploaded_at_ms) WHERE uses = 0;
DROP TABLE media_uses;

CREATE TABLE media_holds (
    media_id TEXT    NOT NULL,
    hold_id  TEXT    NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (media_id, hold_id)
) STRICT, WITHOUT ROWID;
