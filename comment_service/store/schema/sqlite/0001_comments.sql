-- A video's history in id order, which is time order: both directions of a page are one range of the key.
CREATE TABLE comments (
    live_video_id TEXT    NOT NULL,
    comment_id    INTEGER NOT NULL,
    author_id     TEXT    NOT NULL,
    author_name   TEXT    NOT NULL,
    content       TEXT    NOT NULL,
    reply_to      INTEGER,
    edited_at_ms  INTEGER,
    PRIMARY KEY (live_video_id, comment_id DESC)
) STRICT, WITHOUT ROWID;
