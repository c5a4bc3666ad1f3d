// Purpose: Tells which of the edges of one type another owner names too. TYPES is the type.
// Parameters: $rows: target, source, transformation
// $owner
// Returns: source, target, type, properties
UNWIND $rows AS row
MATCH (t:Lineage {id: row.target})
USING INDEX SEEK t:Lineage(id)
WITH row, t, row.source AS source
MATCH (s:Lineage {id: source})
USING INDEX SEEK s:Lineage(id)
WITH row, t, s
MATCH (t)-[e:TYPES {transformationId: row.transformation}]->(s)
WHERE any(other IN e.owners WHERE other <> $owner)
RETURN s.id AS source, t.id AS target, type(e) AS type, properties(e) AS properties
