CREATE TABLE processing (
	owner      TEXT PRIMARY KEY,
	status     TEXT NOT NULL,
	started_at INTEGER NOT NULL, -- nanoseconds since 1970
	body       TEXT NOT NULL     -- JSON of etl.Processing
) WITHOUT ROWID;
CREATE INDEX processing_started ON processing (started_at DESC, owner);
CREATE INDEX processing_status ON processing (status, started_at DESC, owner);
