// Purpose: Adds the nodes that are not there, and leaves alone those that are.
// Parameters: $rows: row, id, owner, labels, properties (all)
// Returns: of those that were there: row, properties, labels
UNWIND $in.rows AS row
MERGE (n:Lineage {id: row.id})
ON CREATE SET n = row.properties, n:$(row.labels)
WITH row, n
WHERE NOT row.owner IN n.owners
RETURN row.row AS row, properties(n) AS properties, labels(n) AS labels
