-- Edges lie by the numbers of their nodes, which are given in the order in which
-- nodes come: so those of a run are together, and an answer about thousands of
-- nodes reads few pages. The ids stay in them, for reading and for their order.

CREATE TABLE numbered_edge (
	target         INTEGER NOT NULL, -- node.num
	type           TEXT NOT NULL,
	source         INTEGER NOT NULL, -- node.num
	transformation BLOB NOT NULL,
	owner          INTEGER NOT NULL,
	source_id      BLOB NOT NULL,
	target_id      BLOB NOT NULL,
	hash           BLOB NOT NULL,
	attributes     TEXT NOT NULL,
	created_at     INTEGER NOT NULL,
	PRIMARY KEY (target, type, source, transformation, owner)
) STRICT, WITHOUT ROWID;

INSERT INTO numbered_edge
	SELECT t.num, e.type, s.num, e.transformation, e.owner, e.source, e.target, e.hash, e.attributes, e.created_at
	FROM node t CROSS JOIN edge e INDEXED BY edge_by_target ON e.target = t.id CROSS JOIN node s ON s.id = e.source
	ORDER BY t.num;

DROP TABLE edge;
ALTER TABLE numbered_edge RENAME TO edge;

CREATE INDEX edge_by_source ON edge (source, type, target_id, transformation);
CREATE INDEX edge_by_owner  ON edge (owner, source_id, target_id, hash); -- what an owner said, without its rows
