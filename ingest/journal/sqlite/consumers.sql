-- Since version 3: each consumer has dead letters of its own; those that there were
-- are of the one without a name.
ALTER TABLE letter RENAME TO letter_2;
CREATE TABLE letter (
    consumer TEXT    NOT NULL,
    position INTEGER NOT NULL,
    stage    TEXT    NOT NULL,
    error    TEXT    NOT NULL,
    remedy   TEXT    NOT NULL,
    attempts INTEGER NOT NULL,
    died_at  INTEGER NOT NULL, -- Unix time in µs
    state    TEXT    NOT NULL,
    PRIMARY KEY (consumer, position)
) STRICT, WITHOUT ROWID;
INSERT INTO letter SELECT '', position, stage, error, remedy, attempts, died_at, state FROM letter_2;
DROP TABLE letter_2;

ALTER TABLE letter_turn RENAME TO letter_turn_2;
CREATE TABLE letter_turn (
    consumer TEXT    NOT NULL,
    position INTEGER NOT NULL,
    turn     INTEGER NOT NULL,
    at       INTEGER NOT NULL, -- Unix time in µs
    state    TEXT    NOT NULL,
    stage    TEXT    NOT NULL,
    error    TEXT    NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (consumer, position, turn)
) STRICT, WITHOUT ROWID;
INSERT INTO letter_turn SELECT '', position, turn, at, state, stage, error, attempts FROM letter_turn_2;
DROP TABLE letter_turn_2;

-- Consumers that retention does not wait for.
CREATE TABLE unhurried (
    name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
