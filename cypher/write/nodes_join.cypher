// Purpose: Adds an owner to nodes that say already what it has to say.
// Parameters: $ids
// $owner
// Returns: nothing
UNWIND $ids AS id
MATCH (n:Lineage {id: id})
SET n.owners = n.owners + $owner
