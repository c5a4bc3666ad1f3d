// Purpose: Keeps parts of what an owner has.
// Parameters: $rows: key, manifest: ids, keys and hashes, packed
// Returns: nothing
UNWIND $in.rows AS row
MERGE (m:ManifestPart {key: row.key})
SET m.manifest = row.manifest
