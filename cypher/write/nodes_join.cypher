// Purpose: Adds an owner to nodes that say already what it has to say.
// Parameters: $ids
// $owner
// Returns: nothing
UNWIND $ids AS id
MATCH (n:Lineage {id: id})
USING INDEX SEEK n:Lineage(id)
SET n.owners = n.owners + $owner
