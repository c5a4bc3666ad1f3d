// Purpose: Finds what was of a run, for questions as of a time.
// Parameters: none
// Returns: nothing
CREATE INDEX past_run IF NOT EXISTS
FOR (n:Past) ON (n.run)
