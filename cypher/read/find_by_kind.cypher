// Purpose: Reads a page of the nodes of a kind. KIND is the kind.
// Parameters: $attributes: exact values by property
// $afterName, $afterId: where the page before ended
// $asOf: leaves out what came later
// $limit
// Returns: properties, labels; in order of name, then id
MATCH (n:KIND)
USING INDEX SEEK n:KIND(name, id)
WHERE n.name >= $in.afterName
  AND n.id IS NOT NULL
  AND CASE n.name WHEN $in.afterName THEN n.id > $in.afterId ELSE true END
  AND n.createdAt <= $in.asOf
  AND all(key IN keys($in.attributes) WHERE n[key] = $in.attributes[key])
RETURN properties(n) AS properties, labels(n) AS labels
ORDER BY n.name, n.id
LIMIT $in.limit
