// Purpose: Finds everything in wells of a name.
// Parameters: none
// Returns: nothing
CREATE INDEX lineage_well IF NOT EXISTS
FOR (n:Lineage) ON (n.well)
