// Purpose: Reads a page of the nodes of a kind and a name. KIND is the kind.
// Parameters: $name
// $attributes: exact values by property
// $afterName, $afterId: where the page before ended
// $asOf: leaves out what came later
// $limit
// Returns: properties, labels; in order of name, then id
MATCH (n:KIND)
USING INDEX SEEK n:KIND(name, id)
WHERE n.name = $name
  AND n.id IS NOT NULL
  AND CASE n.name WHEN $afterName THEN n.id > $afterId ELSE n.name > $afterName END
  AND n.createdAt <= $asOf
  AND all(key IN keys($attributes) WHERE n[key] = $attributes[key])
RETURN properties(n) AS properties, labels(n) AS labels
ORDER BY n.name, n.id
LIMIT $limit
