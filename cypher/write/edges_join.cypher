// Purpose: Adds an owner to edges that say already what it has to say. TYPES is the type.
// Parameters: $rows: target, source, transformation
// $owner
// Returns: nothing
UNWIND $rows AS row
MATCH (t:Lineage {id: row.target})-[e:TYPES {transformationId: row.transformation}]->(s:Lineage {id: row.source})
SET e.owners = e.owners + $owner
