-- A view that is kept with what it shows: which contents hold something of a first
-- state, and how much, as their attributes say. A lot hangs on first states by edges
-- of whoever declares it, so what a lot came to is found here without following
-- any, and a corrected declaration changes no row.

-- First states that any content names: by id, since a content may outlive them in the graph.
CREATE TABLE origin (
	num INTEGER PRIMARY KEY,
	id  BLOB NOT NULL UNIQUE
) STRICT;

CREATE TABLE holding (
	origin   INTEGER NOT NULL, -- origin.num
	state    INTEGER NOT NULL, -- node.num
	fraction REAL NOT NULL,    -- of the state's content
	PRIMARY KEY (origin, state)
) STRICT, WITHOUT ROWID;
