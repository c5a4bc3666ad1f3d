-- The ledger. idx is dense and ascending from 0; nothing is ever changed or taken away.
CREATE TABLE entry (
    idx       INTEGER PRIMARY KEY,
    logged_at INTEGER NOT NULL, -- Unix time in µs, never descending
    public    BLOB    NOT NULL, -- the bytes that are hashed into the tree
    private   BLOB,             -- its SHA-256 is in public
    type      TEXT    NOT NULL, -- these repeat what the two say, to be found by
    subject   TEXT    NOT NULL,
    action    TEXT    NOT NULL,
    outcome   TEXT    NOT NULL,
    who       TEXT    NOT NULL,
    position  TEXT    NOT NULL
) STRICT;
CREATE INDEX entry_type ON entry (type, idx);
CREATE INDEX entry_subject ON entry (subject, idx) WHERE subject <> '';
CREATE INDEX entry_position ON entry (position) WHERE position <> '';
CREATE TRIGGER entry_stays BEFORE UPDATE ON entry BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER entry_remains BEFORE DELETE ON entry BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

-- The hashes of the tree, at the places that sumdb/tlog gives them.
CREATE TABLE hash (
    place INTEGER PRIMARY KEY,
    hash  BLOB NOT NULL
) STRICT;

-- How far the journal is entered: moves in the transaction of the entries.
CREATE TABLE followed (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    position TEXT NOT NULL
) STRICT;

-- The public keys, in their order, each with the note by which the one before it
-- handed over to it.
CREATE TABLE key (
    number   INTEGER PRIMARY KEY,
    verifier TEXT NOT NULL,
    handover BLOB NOT NULL,
    since    INTEGER NOT NULL -- size of the tree from which on it signs
) STRICT;

-- What was signed.
CREATE TABLE checkpoint (
    size INTEGER PRIMARY KEY,
    note BLOB NOT NULL
) STRICT;

-- Where checkpoints were left, outside.
CREATE TABLE anchor (
    number INTEGER PRIMARY KEY,
    size   INTEGER NOT NULL,
    at     INTEGER NOT NULL, -- Unix time in µs
    kind   TEXT    NOT NULL, -- file, webhook, witness, timestamp
    place  TEXT    NOT NULL,
    error  TEXT    NOT NULL, -- always empty
    token  BLOB              -- what came back: a timestamp token, a cosigned checkpoint
) STRICT;
