// Purpose: Reads current nodes by id.
// Parameters: $ids
// Returns: properties, labels
UNWIND $ids AS id
MATCH (n:Lineage {id: id})
USING INDEX SEEK n:Lineage(id)
WHERE NOT n:Retracted
RETURN properties(n) AS properties, labels(n) AS labels
