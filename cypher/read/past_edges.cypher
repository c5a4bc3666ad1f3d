// Purpose: Reads the edges into nodes that there were, as far as they had been retracted at a time.
// Parameters: $ids
// $asOf
// Returns: source, target, type, properties
UNWIND $in.ids AS id
MATCH (n:Lineage {id: id})-[e:RETRACTED]->(source)
USING INDEX SEEK n:Lineage(id)
WHERE e.retractedAt <= $in.asOf
RETURN source.id AS source, id AS target, e.wasType AS type, properties(e) AS properties
