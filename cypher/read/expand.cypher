// Purpose: Reads nodes by id, and for each what it directly depends on. TYPES is the relationship types.
// Parameters: $ids
// Returns: properties, labels; edges: source, type, properties
UNWIND $ids AS id
MATCH (n:Lineage {id: id})
USING INDEX SEEK n:Lineage(id)
WHERE NOT n:Retracted
RETURN properties(n) AS properties, labels(n) AS labels,
       COLLECT { MATCH (n)-[e:TYPES]->(source) RETURN [source.id, type(e), properties(e)] } AS edges
