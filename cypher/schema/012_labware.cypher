// Purpose: Finds everything in labware of an id.
// Parameters: none
// Returns: nothing
CREATE INDEX lineage_labware IF NOT EXISTS
FOR (n:Lineage) ON (n.labware)
