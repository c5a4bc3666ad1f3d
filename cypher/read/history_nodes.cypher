// Purpose: Reads all revisions of a node.
// Parameters: $id
// Returns: properties, labels
MATCH (n:Lineage {id: $in.id})
USING INDEX SEEK n:Lineage(id)
CALL (n) {
  RETURN n AS was
  UNION ALL
  MATCH (n)-[:WAS]->(was:Revision)
  RETURN was
}
RETURN properties(was) AS properties, labels(was) AS labels
