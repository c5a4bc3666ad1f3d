// Purpose: Reads what nodes were before, as far as that had been retracted at a time.
// Parameters: $ids
// $asOf
// Returns: properties, labels
UNWIND $in.ids AS id
MATCH (n:Lineage {id: id})
USING INDEX SEEK n:Lineage(id)
CALL (n) {
  WITH n
  WHERE n.retractedAt <= $in.asOf
  RETURN n AS was
  UNION ALL
  MATCH (n)-[:WAS]->(was:Revision)
  WHERE was.retractedAt <= $in.asOf
  RETURN was
}
RETURN properties(was) AS properties, labels(was) AS labels
