// Purpose: Reads nodes by id as plainly as can be, for a comparison.
// Parameters: $ids
// Returns: n
UNWIND $in.ids AS id
MATCH (n:Lineage {id: id})
USING INDEX SEEK n:Lineage(id)
RETURN n
