// Purpose: Gives nodes new content, also those that were retracted, and keeps the old as a revision. KIND is the kind and its PROV class.
// Parameters: $rows: id, properties (id and name among them)
// $owner
// $at
// Returns: nothing
UNWIND $rows AS row
MATCH (n:Lineage {id: row.id})
USING INDEX SEEK n:Lineage(id)
CREATE (n)-[:WAS]->(r:Revision:Past)
SET r = properties(n),
    r.wasKind = coalesce(n.wasKind, head([label IN labels(n) WHERE NOT label IN ['Lineage', 'Entity', 'Activity', 'Agent']])),
    r.retractedAt = coalesce(n.retractedAt, $at)
REMOVE r.owners
REMOVE n:$([label IN labels(n) WHERE label <> 'Lineage'])
SET n:KIND, n = row.properties, n.createdAt = $at, n.owners = [$owner]
