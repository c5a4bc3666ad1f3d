// Purpose: Keeps what the owner has now.
// Parameters: $owner
// $manifest: ids, keys and hashes, packed; null: it is in parts
// $digests: one a part; null: it is in one piece
// $at
// $nodes, $edges: how many
// Returns: nothing
MERGE (p:Projection {owner: $owner})
SET p.manifest = $manifest, p.digests = $digests, p.appliedAt = $at, p.nodes = $nodes, p.edges = $edges
