// Purpose: Keeps what the owner has now.
// Parameters: $owner
// $manifest: ids, keys and hashes, packed
// $at
// $nodes, $edges: how many
// Returns: nothing
MERGE (p:Projection {owner: $owner})
SET p.manifest = $manifest, p.appliedAt = $at, p.nodes = $nodes, p.edges = $edges
