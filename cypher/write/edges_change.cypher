// Purpose: Gives edges new content and keeps the old as a retracted one. TYPES is the type.
// Parameters: $rows: target, source, transformation, key, owner, at, properties (all)
// Returns: of those that another owner named too: id: the key; other
UNWIND $in.rows AS row
MATCH (t:Lineage {id: row.target})
USING INDEX SEEK t:Lineage(id)
WITH row, t, row.source AS source
MATCH (s:Lineage {id: source})
USING INDEX SEEK s:Lineage(id)
WITH row, t, s
MATCH (t)-[e:TYPES {transformationId: row.transformation}]->(s)
WITH row, t, s, e, [other IN e.owners WHERE other <> row.owner] AS others
CREATE (t)-[r:RETRACTED]->(s)
SET r = properties(e), r.wasType = type(e), r.retractedAt = row.at
REMOVE r.owners
SET e = row.properties
WITH row, others
WHERE size(others) > 0
RETURN row.key AS id, head(others) AS other
