// Purpose: Takes an owner from nodes.
// Parameters: $ids
// $owner
// Returns: nothing
UNWIND $ids AS id
MATCH (n:Lineage {id: id})
USING INDEX SEEK n:Lineage(id)
SET n.owners = [other IN n.owners WHERE other <> $owner]
