-- What retention has put aside: files with entries, and where in them they lie. An
-- entry that is put aside keeps its row, and its hash in the tree; public and private are empty.
CREATE TABLE segment (
    name      TEXT PRIMARY KEY,
    records   INTEGER NOT NULL, -- entries
    subjects  INTEGER NOT NULL,
    bytes     INTEGER NOT NULL, -- of the file
    sha256    TEXT    NOT NULL, -- of the file, hex
    first_at  INTEGER NOT NULL, -- Unix time in µs
    last_at   INTEGER NOT NULL,
    closed_at INTEGER NOT NULL
) STRICT;
CREATE TABLE archived (
    first   INTEGER PRIMARY KEY, -- of the entries in one member
    last    INTEGER NOT NULL,
    segment TEXT    NOT NULL REFERENCES segment (name),
    offset  INTEGER NOT NULL,
    length  INTEGER NOT NULL
) STRICT;
DROP TRIGGER entry_stays;
CREATE TRIGGER entry_stays BEFORE UPDATE ON entry
WHEN NEW.public <> x'' OR NEW.private IS NOT NULL
    OR (NEW.idx, NEW.logged_at, NEW.type, NEW.subject, NEW.action, NEW.outcome, NEW.who, NEW.position)
        <> (OLD.idx, OLD.logged_at, OLD.type, OLD.subject, OLD.action, OLD.outcome, OLD.who, OLD.position)
    OR OLD.idx > coalesce((SELECT last FROM archived ORDER BY first DESC LIMIT 1), -1)
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;
