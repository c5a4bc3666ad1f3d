// Purpose: Adds the nodes of one kind that are not there, and leaves alone those that are. KIND is the kind and its PROV class.
// Parameters: $rows: id, properties (id and name among them)
// $owner
// $at
// Returns: those that were there: properties, labels
UNWIND $rows AS row
MERGE (n:Lineage {id: row.id})
ON CREATE SET n += row.properties, n.createdAt = $at, n.owners = [$owner], n:KIND
WITH n
WHERE NOT $owner IN n.owners
RETURN properties(n) AS properties, labels(n) AS labels
