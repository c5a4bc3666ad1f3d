// Purpose: Lets the planner forget what it planned for another graph.
// Parameters: none
// Returns: nothing of use
CALL db.clearQueryCaches()
