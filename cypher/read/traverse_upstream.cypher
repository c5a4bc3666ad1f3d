// Purpose: Reads everything upstream of the roots in one go, as far as a limit, and for each node what it directly depends on. TYPES is the relationship types, DEPTH how far.
// Parameters: $ids: the roots
// $limit
// Returns: properties, labels; edges: source, type, properties
UNWIND $ids AS id
MATCH (root:Lineage {id: id})
USING INDEX SEEK root:Lineage(id)
WHERE NOT root:Retracted
MATCH (root)-[:TYPES*0..DEPTH]->(n)
WITH DISTINCT n
LIMIT $limit
RETURN properties(n) AS properties, labels(n) AS labels,
       COLLECT { MATCH (n)-[e:TYPES]->(source) RETURN [source.id, type(e), properties(e)] } AS edges
