// Purpose: Reads the first edges at a node, on either side, as the store knew them at a time. Where several revisions of an edge cover it, the current one counts, else the one that began last. TYPES is every relationship type, and RETRACTED.
// Parameters: $id
// $asOf
// $limit
// Returns: source, target, type, properties; in order of key
MATCH (n:Lineage {id: $in.id})-[e:TYPES]-()
USING INDEX SEEK n:Lineage(id)
WHERE e.createdAt <= $in.asOf AND (e.retractedAt IS NULL OR $in.asOf < e.retractedAt)
WITH e, startNode(e).id AS target, endNode(e).id AS source, coalesce(e.wasType, type(e)) AS type, e.transformationId AS transformation
ORDER BY source, target, type, transformation, e.retractedAt IS NULL, e.createdAt
WITH source, target, type, transformation, last(collect(e)) AS e
ORDER BY source, target, type, transformation
LIMIT $in.limit
RETURN source, target, type, properties(e) AS properties
