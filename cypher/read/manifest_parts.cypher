// Purpose: Reads parts of what an owner has.
// Parameters: $keys
// Returns: key; manifest: as parts_put left it
UNWIND $in.keys AS key
MATCH (m:ManifestPart {key: key})
USING INDEX SEEK m:ManifestPart(key)
RETURN key, m.manifest AS manifest
