-- An edge tells where its transformation's row is, since that lies far off in the
-- order of ids: node.num when the edge was written, 0 if there was no such node. It
-- is a hint: whoever follows it looks whether the id is the same. Edges of an older
-- file have none.
ALTER TABLE edge ADD COLUMN step INTEGER;

-- By type first: the edges of one type that lead on from nodes which lie together are
-- one stretch of the index.
DROP INDEX edge_by_source;
CREATE INDEX edge_by_source ON edge (type, source, target_id, transformation);
