// Purpose: Finds what was in wells of a name, for questions as of a time.
// Parameters: none
// Returns: nothing
CREATE INDEX past_well IF NOT EXISTS
FOR (n:Past) ON (n.well)
