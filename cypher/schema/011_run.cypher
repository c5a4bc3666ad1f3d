// Purpose: Finds everything of a run.
// Parameters: none
// Returns: nothing
CREATE INDEX lineage_run IF NOT EXISTS
FOR (n:Lineage) ON (n.run)
