// Purpose: Tells what an owner has.
// Parameters: $owner
// Returns: manifest, digests, nodes, edges: as projection_put left them; no row: nothing
MATCH (p:Projection {owner: $in.owner})
RETURN p.manifest AS manifest, p.digests AS digests, p.nodes AS nodes, p.edges AS edges
