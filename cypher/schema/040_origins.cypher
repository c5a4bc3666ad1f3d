// Purpose: Finds the well states that hold something of first states: a view that the server keeps.
// Parameters: none
// Returns: nothing
CREATE FULLTEXT INDEX origins_of_states IF NOT EXISTS
FOR (n:WellState) ON EACH [n.originIds]
OPTIONS {indexConfig: {`fulltext.analyzer`: 'keyword', `fulltext.eventually_consistent`: false}}
