// Purpose: Reads parts of what an owner has.
// Parameters: $keys
// Returns: manifest: as parts_put left it
UNWIND $keys AS key
MATCH (m:ManifestPart {key: key})
USING INDEX SEEK m:ManifestPart(key)
RETURN m.manifest AS manifest
