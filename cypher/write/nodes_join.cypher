// Purpose: Adds owners to nodes that say already what they have to say.
// Parameters: $rows: id, owner
// Returns: nothing
UNWIND $in.rows AS row
MATCH (n:Lineage {id: row.id})
USING INDEX SEEK n:Lineage(id)
SET n.owners = n.owners + row.owner
