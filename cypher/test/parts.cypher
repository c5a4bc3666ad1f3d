// Purpose: Counts the parts of all manifests.
// Parameters: none
// Returns: parts
// Scans: every part, as it means every part
MATCH (m:ManifestPart)
RETURN count(m) AS parts
