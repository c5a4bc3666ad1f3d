// Purpose: Reads nodes by id, and for each what it directly depends on, as the store knew them at a time. TYPES is the relationship types.
// Parameters: $ids
// $types: the relationship types once more
// $asOf
// Returns: properties, labels; edges: source, type, properties
UNWIND $ids AS id
MATCH (n:Lineage {id: id})
USING INDEX SEEK n:Lineage(id)
CALL (n) {
  WITH n
  WHERE n.createdAt <= $asOf AND (n.retractedAt IS NULL OR $asOf < n.retractedAt)
  RETURN n AS was
  UNION ALL
  MATCH (n)-[:WAS]->(was:Revision)
  WHERE was.createdAt <= $asOf AND $asOf < was.retractedAt
  RETURN was
}
RETURN properties(was) AS properties, labels(was) AS labels,
       COLLECT {
         MATCH (n)-[e:TYPES|RETRACTED]->(source)
         WHERE e.createdAt <= $asOf AND (e.retractedAt IS NULL OR $asOf < e.retractedAt)
           AND coalesce(e.wasType, type(e)) IN $types
         RETURN [source.id, coalesce(e.wasType, type(e)), properties(e)]
       } AS edges
