// Purpose: Tells what an owner has.
// Parameters: $owner
// Returns: manifest: as projection_put left it; no row: nothing
MATCH (p:Projection {owner: $owner})
RETURN p.manifest AS manifest
