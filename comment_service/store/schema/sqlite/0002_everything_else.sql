ALTER TABLE comments ADD COLUMN media TEXT NOT NULL DEFAULT '[]';
-- Totals by kind, kept here too, so that a page of history is one range of one table.
ALTER TABLE comments ADD COLUMN reactions TEXT NOT NULL DEFAULT '{}';
ALTER TABLE comments ADD COLUMN reply_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE comments ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
CREATE INDEX replies ON comments (live_video_id, reply_to, comment_id) WHERE reply_to IS NOT NULL;

CREATE TABLE changes (
    live_video_id TEXT    NOT NULL,
    change_id     INTEGER NOT NULL,
    kind          TEXT    NOT NULL,
    comment_id    INTEGER NOT NULL,
    PRIMARY KEY (live_video_id, change_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE videos (
    live_video_id TEXT    PRIMARY KEY,
    ended_at_ms   INTEGER,
    slow_mode_s   INTEGER NOT NULL DEFAULT 0,
    reactions     TEXT    NOT NULL DEFAULT '{}'
) STRICT, WITHOUT ROWID;

CREATE TABLE reactions (
    live_video_id TEXT    NOT NULL,
    comment_id    INTEGER NOT NULL,
    user_id       TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    PRIMARY KEY (live_video_id, comment_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
    user_id       TEXT    PRIMARY KEY,
    username      TEXT    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    roles         TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- live_video_id '' is everywhere: a key has no NULL.
CREATE TABLE bans (
    user_id       TEXT    NOT NULL,
    live_video_id TEXT    NOT NULL,
    until_ms      INTEGER,
    reason        TEXT    NOT NULL,
    moderator_id  TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    PRIMARY KEY (user_id, live_video_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE reports (
    report_id     INTEGER PRIMARY KEY,
    live_video_id TEXT    NOT NULL,
    comment_id    INTEGER NOT NULL,
    author_id     TEXT    NOT NULL,
    content       TEXT    NOT NULL,
    reporter_id   TEXT    NOT NULL,
    reason        TEXT    NOT NULL,
    status        TEXT    NOT NULL,
    resolved_by   TEXT,
    UNIQUE (live_video_id, comment_id, reporter_id)
) STRICT;
CREATE INDEX reports_by_status ON reports (status, report_id);

CREATE TABLE audit (
    entry_id      INTEGER PRIMARY KEY,
    moderator_id  TEXT    NOT NULL,
    action        TEXT    NOT NULL,
    subject       TEXT    NOT NULL,
    detail        TEXT    NOT NULL
) STRICT;

CREATE TABLE media (
    media_id      TEXT    PRIMARY KEY,
    content_type  TEXT    NOT NULL,
    width         INTEGER NOT NULL,
    height        INTEGER NOT NULL,
    uploader_id   TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE media_uses (
    media_id      TEXT    NOT NULL,
    live_video_id TEXT    NOT NULL,
    comment_id    INTEGER NOT NULL,
    PRIMARY KEY (media_id, live_video_id, comment_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE requests (
    user_id       TEXT    NOT NULL,
    key           TEXT    NOT NULL,
    digest        BLOB    NOT NULL,
    comment_id    INTEGER NOT NULL,
    claimed_at_ms INTEGER NOT NULL,
    PRIMARY KEY (user_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_by_age ON requests (claimed_at_ms);
