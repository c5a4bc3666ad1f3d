// Purpose: Marks an empty database as one that tests may empty, and says whether this one is.
// Parameters: none
// Returns: mine: false if it holds a graph that no test made
// Scans: the marks, of which there is one
OPTIONAL MATCH (found)
WITH count(found) AS nodes
OPTIONAL MATCH (mark:TestDatabase)
WITH nodes, count(mark) AS marks
FOREACH (_ IN CASE WHEN nodes = 0 THEN [1] ELSE [] END | CREATE (:TestDatabase))
RETURN nodes = 0 OR marks > 0 AS mine
