// Purpose: Writes edges whose targets were made just now, so that none of them can be there.
// Parameters: $rows: target; edges: source, type, properties (all)
// Returns: found: how many of them have both their nodes
UNWIND $in.rows AS row
MATCH (t:Lineage {id: row.target})
USING INDEX SEEK t:Lineage(id)
UNWIND row.edges AS edge
MATCH (s:Lineage {id: edge.source})
USING INDEX SEEK s:Lineage(id)
WHERE NOT s:Retracted
CREATE (t)-[e:$(edge.type)]->(s)
SET e = edge.properties
RETURN count(*) AS found
