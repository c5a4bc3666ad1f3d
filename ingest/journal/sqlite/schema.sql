-- The journal. position is dense and ascending; a record is never changed, but its
-- envelope may be put aside into a segment: then it is empty here.
CREATE TABLE record (
    position    INTEGER PRIMARY KEY,
    source      TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    hash        TEXT    NOT NULL, -- SHA-256 of the payload as received, hex
    subject     TEXT    NOT NULL,
    appended_at INTEGER NOT NULL, -- Unix time in µs, never descending
    checksum    INTEGER NOT NULL, -- CRC-32C over envelope, position and appended_at
    envelope    BLOB    NOT NULL  -- a CloudEvent in structured JSON; since version 4, with 1 MiB of data and more compressed: pack.go
) STRICT;
CREATE UNIQUE INDEX record_identity ON record (source, id, hash);
CREATE INDEX record_subject ON record (subject, position);

-- How far each consumer is done.
CREATE TABLE consumer (
    name     TEXT    PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What failed for good: one row a record, and one a turn of its life.
CREATE TABLE letter (
    position INTEGER PRIMARY KEY,
    stage    TEXT    NOT NULL,
    error    TEXT    NOT NULL,
    remedy   TEXT    NOT NULL,
    attempts INTEGER NOT NULL,
    died_at  INTEGER NOT NULL, -- Unix time in µs
    state    TEXT    NOT NULL
) STRICT;
CREATE TABLE letter_turn (
    position INTEGER NOT NULL,
    turn     INTEGER NOT NULL,
    at       INTEGER NOT NULL, -- Unix time in µs
    state    TEXT    NOT NULL,
    stage    TEXT    NOT NULL,
    error    TEXT    NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (position, turn)
) STRICT, WITHOUT ROWID;
