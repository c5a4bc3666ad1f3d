// Purpose: Reads the first ids of what nodes directly affect, as the store knew them at a time. TYPES is the relationship types.
// Parameters: $ids
// $types: the relationship types once more
// $asOf
// $limit
// Returns: id; each once, in order
UNWIND $ids AS id
MATCH (n:Lineage {id: id})
USING INDEX SEEK n:Lineage(id)
MATCH (n)<-[e:TYPES|RETRACTED]-(far)
WHERE e.createdAt <= $asOf AND (e.retractedAt IS NULL OR $asOf < e.retractedAt)
  AND coalesce(e.wasType, type(e)) IN $types
RETURN DISTINCT far.id AS id
ORDER BY id
LIMIT $limit
