// Purpose: Removes the graph and leaves the schema and the mark of a test database.
// Parameters: none
// Returns: nothing
// Scans: every node, as it means every node
MATCH (n)
WHERE NOT n:TestDatabase
CALL (n) {
  DETACH DELETE n
} IN TRANSACTIONS OF 10000 ROWS
