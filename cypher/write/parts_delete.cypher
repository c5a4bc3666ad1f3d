// Purpose: Forgets parts of what an owner had.
// Parameters: $keys
// Returns: nothing
UNWIND $in.keys AS key
MATCH (m:ManifestPart {key: key})
USING INDEX SEEK m:ManifestPart(key)
DELETE m
