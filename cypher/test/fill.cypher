// Purpose: Makes many nodes, so that there is something to clear.
// Parameters: $nodes: how many
// Returns: nothing
UNWIND range(1, $nodes) AS i
CREATE (:Lineage {id: toString(i)})
