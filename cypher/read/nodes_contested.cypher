// Purpose: Tells which of the nodes another owner names too.
// Parameters: $ids
// $owner
// Returns: properties, labels
UNWIND $ids AS id
MATCH (n:Lineage {id: id})
USING INDEX SEEK n:Lineage(id)
WHERE any(other IN n.owners WHERE other <> $owner)
RETURN properties(n) AS properties, labels(n) AS labels
