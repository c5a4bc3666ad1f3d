-- What an owner names is told by the numbers of nodes, by which nodes and edges lie: those
-- of a run are added at the end, instead of each in a page of its own.

CREATE TABLE numbered_owner (
	owner INTEGER NOT NULL,
	node  INTEGER NOT NULL, -- node.num
	hash  BLOB NOT NULL,
	PRIMARY KEY (owner, node)
) STRICT, WITHOUT ROWID;

INSERT INTO numbered_owner
	SELECT c.owner, n.num, c.hash FROM node_owner c CROSS JOIN node n ON n.id = c.node ORDER BY c.owner, n.num;

DROP TABLE node_owner;
ALTER TABLE numbered_owner RENAME TO node_owner;
CREATE INDEX node_owner_by_node ON node_owner (node);

-- Where the edges of an owner end; the edges themselves lie by that. In place of an index,
-- which had all edges once more.
CREATE TABLE edge_owner (
	owner  INTEGER NOT NULL,
	target INTEGER NOT NULL, -- node.num
	PRIMARY KEY (owner, target)
) STRICT, WITHOUT ROWID;

INSERT OR IGNORE INTO edge_owner SELECT owner, target FROM edge ORDER BY target; -- as they lie

DROP INDEX edge_by_owner;
