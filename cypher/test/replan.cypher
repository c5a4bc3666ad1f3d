// Purpose: Lets the planner look at the graph anew, and forget what it planned for another one.
// Parameters: none
// Returns: nothing
CALL db.prepareForReplanning(60)
