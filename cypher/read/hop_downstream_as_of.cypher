// Purpose: Reads the first ids of what nodes directly affect, as the store knew them at a time; without nodes that were not there then. TYPES is the relationship types.
// Parameters: $ids
// $types: the relationship types once more
// $asOf
// $limit
// Returns: id; each once, in order
UNWIND $in.ids AS id
MATCH (n:Lineage {id: id})
USING INDEX SEEK n:Lineage(id)
MATCH (n)<-[e:TYPES|RETRACTED]-(far)
WHERE e.createdAt <= $in.asOf AND (e.retractedAt IS NULL OR $in.asOf < e.retractedAt)
  AND coalesce(e.wasType, type(e)) IN $in.types
WITH DISTINCT far
WHERE far.createdAt <= $in.asOf AND (far.retractedAt IS NULL OR $in.asOf < far.retractedAt)
   OR EXISTS { (far)-[:WAS]->(was:Revision) WHERE was.createdAt <= $in.asOf AND $in.asOf < was.retractedAt }
RETURN far.id AS id
ORDER BY id
LIMIT $in.limit
