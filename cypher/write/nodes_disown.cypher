// Purpose: Takes owners from nodes.
// Parameters: $rows: id, owner
// Returns: nothing
UNWIND $in.rows AS row
MATCH (n:Lineage {id: row.id})
USING INDEX SEEK n:Lineage(id)
SET n.owners = [other IN n.owners WHERE other <> row.owner]
