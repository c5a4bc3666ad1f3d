// Purpose: Retracts those of the nodes that no owner and no edge names any more. TYPES is every relationship type.
// Parameters: $rows: id, at
// Returns: nothing
UNWIND $in.rows AS row
MATCH (n:Lineage {id: row.id})
USING INDEX SEEK n:Lineage(id)
WHERE size(n.owners) = 0 AND NOT n:Retracted AND NOT EXISTS { (n)-[:TYPES]-() }
WITH row, n, [label IN labels(n) WHERE label <> 'Lineage'] AS labels
SET n.wasKind = head([label IN labels WHERE NOT label IN ['Entity', 'Activity', 'Agent']]),
    n.retractedAt = row.at
REMOVE n:$(labels)
SET n:Retracted:Past
