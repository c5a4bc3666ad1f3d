// Purpose: Adds the nodes of one kind that are not there, and leaves alone those that are. KIND is the kind and its PROV class.
// Parameters: $rows: row, id, owner, properties (all)
// Returns: of those that were there: row, properties, labels
UNWIND $rows AS row
MERGE (n:Lineage {id: row.id})
ON CREATE SET n = row.properties, n:KIND
WITH row, n
WHERE NOT row.owner IN n.owners
RETURN row.row AS row, properties(n) AS properties, labels(n) AS labels
