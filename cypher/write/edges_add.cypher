// Purpose: Adds the edges of one type that are not there, and leaves alone those that are. TYPES is the type.
// Parameters: $rows: row, target, source, transformation, owner, properties (all)
// Returns: found: how many rows have both their nodes; there: row, source, target, type, properties of the edges that were there
UNWIND $in.rows AS row
MATCH (t:Lineage {id: row.target})
USING INDEX SEEK t:Lineage(id)
WHERE NOT t:Retracted
WITH row, t, row.source AS source
MATCH (s:Lineage {id: source})
USING INDEX SEEK s:Lineage(id)
WHERE NOT s:Retracted
WITH row, t, s
MERGE (t)-[e:TYPES {transformationId: row.transformation}]->(s)
ON CREATE SET e = row.properties
RETURN count(*) AS found,
       collect(CASE WHEN NOT row.owner IN e.owners THEN {row: row.row, source: s.id, target: t.id, type: type(e), properties: properties(e)} END) AS there
