-- Times are nanoseconds since 1970, 0 where unknown. Hashes are SHA-256.

-- Whether the index was begun: without it everything is read from the journal again.
CREATE TABLE IF NOT EXISTS begun (at INTEGER NOT NULL) STRICT;

-- What a document declared, row by row.
CREATE TABLE IF NOT EXISTS declaration (
	document TEXT NOT NULL,
	row      INTEGER NOT NULL,
	said_at  INTEGER NOT NULL,
	known_at INTEGER NOT NULL,
	run      TEXT NOT NULL, -- of the target; '' where it names none
	barcode  TEXT NOT NULL, -- of the target; '' where it names none
	plan     TEXT NOT NULL, -- that the run carried out; '' where it doesn't say
	body     TEXT NOT NULL,
	PRIMARY KEY (document, row)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS declaration_run ON declaration (run, said_at) WHERE run <> '';
CREATE INDEX IF NOT EXISTS declaration_barcode ON declaration (barcode, said_at) WHERE barcode <> '';
CREATE INDEX IF NOT EXISTS declaration_plan ON declaration (plan) WHERE plan <> '';

CREATE TABLE IF NOT EXISTS run (
	run        TEXT PRIMARY KEY,
	started_at INTEGER NOT NULL,
	ended_at   INTEGER NOT NULL, -- of the last command so far
	known_at   INTEGER NOT NULL, -- created_at of what its last projection brought
	robot      TEXT NOT NULL,
	first_key  TEXT NOT NULL, -- of the commands that it executed
	keys       INTEGER NOT NULL,
	keys_hash  BLOB NOT NULL,
	inputs     BLOB NOT NULL -- hash of what its last projection was derived from
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS run_first_key ON run (first_key) WHERE first_key <> '';

-- Labware of a run and what was in it.
CREATE TABLE IF NOT EXISTS plate (
	run          TEXT NOT NULL,
	labware      TEXT NOT NULL,
	barcode      TEXT NOT NULL, -- '': its identity is not declared
	definition   TEXT NOT NULL,
	slot         TEXT NOT NULL,
	started_at   INTEGER NOT NULL, -- as of the run
	ended_at     INTEGER NOT NULL,
	content_hash BLOB NOT NULL, -- of what it held in the end
	history_hash BLOB NOT NULL, -- of all that it ever held
	body         TEXT NOT NULL,
	PRIMARY KEY (run, labware)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS plate_barcode ON plate (barcode, started_at, run) WHERE barcode <> '';
CREATE INDEX IF NOT EXISTS plate_definition ON plate (definition, slot, started_at);

CREATE TABLE IF NOT EXISTS plan (
	plan      TEXT PRIMARY KEY,
	first_key TEXT NOT NULL,
	keys      TEXT NOT NULL -- JSON
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS plan_first_key ON plan (first_key);

CREATE TABLE IF NOT EXISTS reading (
	owner    TEXT PRIMARY KEY,
	known_at INTEGER NOT NULL,
	inputs   BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS reading_plate (
	owner TEXT NOT NULL,
	plate TEXT NOT NULL, -- a barcode, or RUN/LABWARE as the document writes it
	run   TEXT NOT NULL, -- RUN; '' of a barcode
	PRIMARY KEY (owner, plate)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reading_plate_plate ON reading_plate (plate);
CREATE INDEX IF NOT EXISTS reading_plate_run ON reading_plate (run) WHERE run <> '';

-- Owners whose inputs changed since their last projection.
CREATE TABLE IF NOT EXISTS todo (
	owner      TEXT PRIMARY KEY,
	started_at INTEGER NOT NULL, -- of the run: earlier ones go first
	known_at   INTEGER NOT NULL  -- of what changed
) STRICT, WITHOUT ROWID;
