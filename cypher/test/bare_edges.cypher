// Purpose: Writes edges of one type as plainly as can be, for a comparison. TYPES is the type.
// Parameters: $rows: target, source, transformation, properties
// Returns: nothing
UNWIND $in.rows AS row
MATCH (t:Lineage {id: row.target})
USING INDEX SEEK t:Lineage(id)
WITH row, t, row.source AS source
MATCH (s:Lineage {id: source})
USING INDEX SEEK s:Lineage(id)
MERGE (t)-[e:TYPES {transformationId: row.transformation}]->(s)
SET e += row.properties
