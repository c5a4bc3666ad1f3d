// Purpose: Reads the first ids of what nodes directly depend on. TYPES is the relationship types.
// Parameters: $ids
// $limit
// Returns: id; each once, in order
UNWIND $ids AS id
MATCH (n:Lineage {id: id})
USING INDEX SEEK n:Lineage(id)
MATCH (n)-[:TYPES]->(far)
RETURN DISTINCT far.id AS id
ORDER BY id
LIMIT $limit
