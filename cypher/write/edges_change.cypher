// Purpose: Gives edges new content and keeps the old as a retracted one. TYPES is the type.
// Parameters: $rows: target, source, transformation, properties
// $owner
// $at
// Returns: nothing
UNWIND $rows AS row
MATCH (t:Lineage {id: row.target})
USING INDEX SEEK t:Lineage(id)
WITH row, t, row.source AS source
MATCH (s:Lineage {id: source})
USING INDEX SEEK s:Lineage(id)
WITH row, t, s
MATCH (t)-[e:TYPES {transformationId: row.transformation}]->(s)
CREATE (t)-[r:RETRACTED]->(s)
SET r = properties(e), r.wasType = type(e), r.retractedAt = $at
REMOVE r.owners
SET e = row.properties, e.transformationId = row.transformation, e.createdAt = $at, e.owners = [$owner]
