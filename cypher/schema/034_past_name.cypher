// Purpose: Finds what was of a kind by name and reads it in order of name, then id, for questions as of a time.
// Parameters: none
// Returns: nothing
CREATE INDEX past_name IF NOT EXISTS
FOR (n:Past) ON (n.wasKind, n.name, n.id)
