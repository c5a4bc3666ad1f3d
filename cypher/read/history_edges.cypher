// Purpose: Reads all revisions of the edges at a node. TYPES is every relationship type, and RETRACTED.
// Parameters: $id
// Returns: source, target, type, properties
MATCH (n:Lineage {id: $in.id})-[e:TYPES]-()
USING INDEX SEEK n:Lineage(id)
RETURN endNode(e).id AS source, startNode(e).id AS target, coalesce(e.wasType, type(e)) AS type, properties(e) AS properties
