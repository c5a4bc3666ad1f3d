-- Who is told. What was known before since is no news to him.
CREATE TABLE receiver (
	name  TEXT PRIMARY KEY,
	since INTEGER NOT NULL,          -- nanoseconds since 1970
	gone  INTEGER NOT NULL DEFAULT 0 -- 1: he said that he wants no more
) WITHOUT ROWID;

-- What was told of an owner: what is true now is compared with it.
CREATE TABLE told (
	owner TEXT PRIMARY KEY,
	body  TEXT NOT NULL -- JSON of told
) WITHOUT ROWID;

-- What is still to be sent, in the order in which it came to be known.
CREATE TABLE notice (
	seq      INTEGER PRIMARY KEY AUTOINCREMENT,
	receiver TEXT NOT NULL,
	subject  TEXT NOT NULL, -- what it is about: one at a time, in order
	id       TEXT NOT NULL, -- of the event: the same in each try
	kind     TEXT NOT NULL,
	body     BLOB NOT NULL,
	made_at  INTEGER NOT NULL,
	tries    INTEGER NOT NULL DEFAULT 0,
	due_at   INTEGER NOT NULL -- not before this
);
CREATE INDEX notice_subject ON notice (receiver, subject, seq);
CREATE INDEX notice_due ON notice (receiver, due_at);
