// Purpose: Reads what nodes depend on. TYPES is every relationship type.
// Parameters: $ids
// Returns: source, target, type, properties
UNWIND $ids AS id
MATCH (t:Lineage {id: id})-[e:TYPES]->(s)
USING INDEX SEEK t:Lineage(id)
RETURN s.id AS source, id AS target, type(e) AS type, properties(e) AS properties
