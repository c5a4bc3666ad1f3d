// Purpose: Finds what was in labware of an id, for questions as of a time.
// Parameters: none
// Returns: nothing
CREATE INDEX past_labware IF NOT EXISTS
FOR (n:Past) ON (n.labware)
