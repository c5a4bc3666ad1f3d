// Purpose: Reads the first edges at a node, on either side. TYPES is every relationship type.
// Parameters: $id
// $limit
// Returns: source, target, type, properties; in order of key
MATCH (n:Lineage {id: $id})-[e:TYPES]-()
USING INDEX SEEK n:Lineage(id)
WITH e, startNode(e).id AS target, endNode(e).id AS source
ORDER BY source, target, type(e), e.transformationId
LIMIT $limit
RETURN source, target, type(e) AS type, properties(e) AS properties
