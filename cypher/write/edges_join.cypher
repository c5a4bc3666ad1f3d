// Purpose: Adds owners to edges that say already what they have to say. TYPES is the type.
// Parameters: $rows: target, source, transformation, owner
// Returns: nothing
UNWIND $in.rows AS row
MATCH (t:Lineage {id: row.target})
USING INDEX SEEK t:Lineage(id)
WITH row, t, row.source AS source
MATCH (s:Lineage {id: source})
USING INDEX SEEK s:Lineage(id)
WITH row, t, s
MATCH (t)-[e:TYPES {transformationId: row.transformation}]->(s)
SET e.owners = e.owners + row.owner
