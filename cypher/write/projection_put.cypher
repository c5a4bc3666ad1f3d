// Purpose: Keeps what owners have now.
// Parameters: $rows: owner; manifest: ids, keys and hashes, packed, null: it is in parts; digests: one a part, null: it is in one piece; at; nodes, edges: how many
// Returns: nothing
UNWIND $in.rows AS row
MERGE (p:Projection {owner: row.owner})
SET p.manifest = row.manifest, p.digests = row.digests, p.appliedAt = row.at, p.nodes = row.nodes, p.edges = row.edges
