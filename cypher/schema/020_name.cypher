// Purpose: Finds nodes of a kind by name and reads them in order of name, then id. KIND is each kind.
// Parameters: none
// Returns: nothing
CREATE INDEX name_of_KIND IF NOT EXISTS
FOR (n:KIND) ON (n.name, n.id)
