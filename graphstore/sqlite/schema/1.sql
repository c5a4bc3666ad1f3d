-- The graph as it is now. Nothing here has ended, so reads of the current graph
-- need no predicate on time. Ids are the 16 bytes of the UUID, times are
-- nanoseconds since 1970, attributes are the JSON of lineage.Attributes.

CREATE TABLE owner (
	num  INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
) STRICT;

-- run, labware, well and barcode repeat those attributes where they are
-- strings, for their indexes.
CREATE TABLE node (
	num        INTEGER PRIMARY KEY,
	id         BLOB NOT NULL UNIQUE,
	kind       TEXT NOT NULL,
	name       TEXT NOT NULL,
	attributes TEXT NOT NULL,
	hash       BLOB NOT NULL,
	created_at INTEGER NOT NULL,
	run        TEXT,
	labware    TEXT,
	well       TEXT,
	barcode    TEXT
) STRICT;

CREATE INDEX node_by_name    ON node (name, id);
CREATE INDEX node_by_kind    ON node (kind, name, id);
CREATE INDEX node_by_run     ON node (run, kind, name, id)    WHERE run IS NOT NULL;
CREATE INDEX node_by_labware ON node (labware, run)           WHERE labware IS NOT NULL;
CREATE INDEX node_by_well    ON node (well, labware, run)     WHERE well IS NOT NULL;
CREATE INDEX node_by_barcode ON node (barcode)                WHERE barcode IS NOT NULL;

-- Who names a node, and with which content: an owner's manifest.
CREATE TABLE node_owner (
	owner INTEGER NOT NULL,
	node  BLOB NOT NULL,
	hash  BLOB NOT NULL,
	PRIMARY KEY (owner, node)
) STRICT, WITHOUT ROWID;

CREATE INDEX node_owner_by_node ON node_owner (node);

-- An edge has a row for each owner that names it, nearly always one; the rows
-- of one edge differ in nothing else.
CREATE TABLE edge (
	source         BLOB NOT NULL,
	type           TEXT NOT NULL,
	target         BLOB NOT NULL,
	transformation BLOB NOT NULL,
	owner          INTEGER NOT NULL,
	hash           BLOB NOT NULL,
	attributes     TEXT NOT NULL,
	created_at     INTEGER NOT NULL,
	PRIMARY KEY (source, type, target, transformation, owner)
) STRICT, WITHOUT ROWID;

CREATE INDEX edge_by_target ON edge (target, type, source, transformation);
CREATE INDEX edge_by_owner  ON edge (owner, hash);

-- What was, until when.

CREATE TABLE node_revision (
	num          INTEGER PRIMARY KEY,
	id           BLOB NOT NULL,
	kind         TEXT NOT NULL,
	name         TEXT NOT NULL,
	attributes   TEXT NOT NULL,
	created_at   INTEGER NOT NULL,
	retracted_at INTEGER NOT NULL
) STRICT;

CREATE INDEX node_revision_by_id ON node_revision (id, created_at);

CREATE TABLE edge_revision (
	num            INTEGER PRIMARY KEY,
	source         BLOB NOT NULL,
	type           TEXT NOT NULL,
	target         BLOB NOT NULL,
	transformation BLOB NOT NULL,
	attributes     TEXT NOT NULL,
	created_at     INTEGER NOT NULL,
	retracted_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX edge_revision_by_source ON edge_revision (source, type, created_at);
CREATE INDEX edge_revision_by_target ON edge_revision (target, type, created_at);
