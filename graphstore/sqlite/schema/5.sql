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

INSERT INTO origin (id)
	SELECT id FROM (SELECT unhex(replace(f.value, '-', '')) AS id, min(n.num) AS first
		FROM node n CROSS JOIN json_each(n.attributes, '$.originIds') f WHERE n.kind = 'WellState' GROUP BY 1)
	WHERE length(id) = 16 ORDER BY first;

INSERT INTO holding (origin, state, fraction)
	SELECT o.num, n.num, sum(n.attributes ->> ('$.originFractions[' || f.key || ']'))
	FROM node n CROSS JOIN json_each(n.attributes, '$.originIds') f CROSS JOIN origin o ON o.id = unhex(replace(f.value, '-', ''))
	WHERE n.kind = 'WellState' AND json_array_length(n.attributes, '$.originIds') = json_array_length(n.attributes, '$.originFractions')
	GROUP BY o.num, n.num;
