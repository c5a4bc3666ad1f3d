// Purpose: Reads the first edges at a node, on either side. Of a node that many depend on it looks at all their ids, and at the edges of the first. TYPES is every relationship type.
// Parameters: $id
// $limit
// Returns: source, target, type, properties; in order of key
MATCH (n:Lineage {id: $in.id})
USING INDEX SEEK n:Lineage(id)
CALL (n) {
  MATCH (n)-[:TYPES]->(far)
  WITH DISTINCT far
  ORDER BY far.id
  LIMIT $in.limit
  RETURN far
  UNION
  MATCH (n)<-[:TYPES]-(far)
  WITH DISTINCT far
  ORDER BY far.id
  LIMIT $in.limit
  RETURN far
}
MATCH (n)-[e:TYPES]-(far)
WITH e, startNode(e).id AS target, endNode(e).id AS source
ORDER BY source, target, type(e), e.transformationId
LIMIT $in.limit
RETURN source, target, type(e) AS type, properties(e) AS properties
