// Purpose: Counts what is in a database, the mark of a test database aside.
// Parameters: none
// Returns: nodes
// Scans: every node, as it means every node
MATCH (n)
WHERE NOT n:TestDatabase
RETURN count(n) AS nodes
