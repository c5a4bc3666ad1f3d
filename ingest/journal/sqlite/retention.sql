-- Since version 2: what was put aside into segment files.
CREATE TABLE segment (
    name      TEXT    PRIMARY KEY,
    records   INTEGER NOT NULL,
    subjects  INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,
    sha256    TEXT    NOT NULL,
    first_at  INTEGER NOT NULL, -- Unix time in µs of its oldest record
    last_at   INTEGER NOT NULL,
    closed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Where the envelope of a record is.
CREATE TABLE archived (
    position INTEGER PRIMARY KEY,
    segment  TEXT    NOT NULL,
    offset   INTEGER NOT NULL, -- in the file, of a gzip member
    length   INTEGER NOT NULL  -- of the member
) STRICT;
