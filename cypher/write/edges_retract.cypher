// Purpose: Takes owners from edges, and retracts those that no other owner names. TYPES is the type.
// Parameters: $rows: target, source, transformation, owner, at
// Returns: nothing
UNWIND $in.rows AS row
MATCH (t:Lineage {id: row.target})
USING INDEX SEEK t:Lineage(id)
WITH row, t, row.source AS source
MATCH (s:Lineage {id: source})
USING INDEX SEEK s:Lineage(id)
WITH row, t, s
MATCH (t)-[e:TYPES {transformationId: row.transformation}]->(s)
SET e.owners = [other IN e.owners WHERE other <> row.owner]
WITH row, t, e, s
WHERE size(e.owners) = 0
CREATE (t)-[r:RETRACTED]->(s)
SET r = properties(e), r.wasType = type(e), r.retractedAt = row.at
REMOVE r.owners
DELETE e
