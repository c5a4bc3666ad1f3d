// Purpose: Reads the first ids of what nodes directly affect, as the store knew them at a time; without nodes that were not there then. TYPES is the relationship types.
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
WITH DISTINCT far
WHERE far.createdAt <= $asOf AND (far.retractedAt IS NULL OR $asOf < far.retractedAt)
   OR EXISTS { (far)-[:WAS]->(was:Revision) WHERE was.createdAt <= $asOf AND $asOf < was.retractedAt }
RETURN far.id AS id
ORDER BY id
LIMIT $limit
