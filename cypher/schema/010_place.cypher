// Purpose: Finds a well's states and a run's labware by where they are.
// Parameters: none
// Returns: nothing
CREATE INDEX lineage_place IF NOT EXISTS
FOR (n:Lineage) ON (n.run, n.labware, n.well)
