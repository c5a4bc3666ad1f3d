// Purpose: One node a part of a manifest.
// Parameters: none
// Returns: nothing
CREATE CONSTRAINT manifest_part_key IF NOT EXISTS
FOR (m:ManifestPart) REQUIRE m.key IS UNIQUE
