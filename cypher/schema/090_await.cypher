// Purpose: Waits until the indexes can be used.
// Parameters: none
// Returns: nothing
CALL db.awaitIndexes(1800)
