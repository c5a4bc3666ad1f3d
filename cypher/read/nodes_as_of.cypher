// Purpose: Reads nodes by id as the store knew them at a time.
// Parameters: $ids
// $asOf
// Returns: properties, labels
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
RETURN properties(was) AS properties, labels(was) AS labels
