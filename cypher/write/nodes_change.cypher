// Purpose: Gives nodes new content, also those that were retracted, and keeps the old as a revision.
// Parameters: $rows: id, owner, at, labels, properties (all)
// Returns: of those that another owner named too: id, other
UNWIND $in.rows AS row
MATCH (n:Lineage {id: row.id})
USING INDEX SEEK n:Lineage(id)
WITH row, n, [other IN n.owners WHERE other <> row.owner] AS others
CREATE (n)-[:WAS]->(r:Revision:Past)
SET r = properties(n),
    r.wasKind = coalesce(n.wasKind, head([label IN labels(n) WHERE NOT label IN ['Lineage', 'Entity', 'Activity', 'Agent']])),
    r.retractedAt = coalesce(n.retractedAt, row.at)
REMOVE r.owners
REMOVE n:$([label IN labels(n) WHERE label <> 'Lineage'])
SET n:$(row.labels), n = row.properties
WITH row, others
WHERE size(others) > 0
RETURN row.id AS id, head(others) AS other
