// Purpose: Reads the first of what nodes directly depend on, and for each what it directly depends on: many in a record. TYPES is the relationship types.
// Parameters: $ids
// $known: ids that are left out
// $limit
// Returns: rows: properties, labels, edges: source, type, properties; each node once, in order of id
UNWIND $in.ids AS id
MATCH (n:Lineage {id: id})
USING INDEX SEEK n:Lineage(id)
MATCH (n)-[:TYPES]->(far)
WITH DISTINCT far, far.id AS farID
WHERE NOT farID IN $in.known
WITH far
ORDER BY farID
LIMIT $in.limit
WITH collect(far) AS found
UNWIND range(0, size(found) - 1, 100) AS first
RETURN COLLECT {
  UNWIND found[first..first + 100] AS n
  RETURN [properties(n), labels(n), COLLECT { MATCH (n)-[e:TYPES]->(source) RETURN [source.id, type(e), properties(e)] }]
} AS rows
