-- When a user's bans have last changed, for whoever remembers them.
CREATE TABLE ban_changes (
    user_id       TEXT PRIMARY KEY,
    changed_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ban_changes_by_time ON ban_changes (changed_at_ms);
