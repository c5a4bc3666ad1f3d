// Purpose: Reads everything downstream of the roots in one go, and for each node what it directly depends on: many in a record. Nothing, where that are as many nodes as the limit. TYPES is the relationship types, DEPTH how far.
// Parameters: $ids: the roots
// $limit
// Returns: rows: properties, labels, edges: source, type, properties
UNWIND $in.ids AS id
MATCH (root:Lineage {id: id})
USING INDEX SEEK root:Lineage(id)
WHERE NOT root:Retracted
MATCH (root)<-[:TYPES*0..DEPTH]-(n)
WITH DISTINCT n
LIMIT $in.limit
WITH collect(n) AS found
WHERE size(found) < $in.limit
UNWIND range(0, size(found) - 1, 100) AS first
RETURN COLLECT {
  UNWIND found[first..first + 100] AS n
  RETURN [properties(n), labels(n), COLLECT { MATCH (n)-[e:TYPES]->(source) RETURN [source.id, type(e), properties(e)] }]
} AS rows
