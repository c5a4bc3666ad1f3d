// Purpose: Gives edges new content and keeps the old as a retracted one. TYPES is the type.
// Parameters: $rows: target, source, transformation, properties
// $owner
// $at
// Returns: nothing
UNWIND $rows AS row
MATCH (t:Lineage {id: row.target})-[e:TYPES {transformationId: row.transformation}]->(s:Lineage {id: row.source})
CREATE (t)-[r:RETRACTED]->(s)
SET r = properties(e), r.wasType = type(e), r.retractedAt = $at
REMOVE r.owners
SET e = row.properties, e.transformationId = row.transformation, e.createdAt = $at, e.owners = [$owner]
