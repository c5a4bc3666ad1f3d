// Purpose: Forgets parts of what an owner had.
// Parameters: $keys
// Returns: nothing
UNWIND $keys AS key
MATCH (m:ManifestPart {key: key})
USING INDEX SEEK m:ManifestPart(key)
DELETE m
