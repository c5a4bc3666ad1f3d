// Purpose: Reads a page of the nodes of a kind as they were at a time and are no more. Where several cover the time, the current one counts, else the one that began last.
// Parameters: $kind
// $attributes: exact values by property
// $afterName, $afterId: where the page before ended
// $asOf
// $limit
// Returns: properties, labels; in order of name, then id
MATCH (n:Past)
USING INDEX SEEK n:Past(wasKind, name, id)
WHERE n.wasKind = $kind
  AND n.name >= $afterName
  AND n.id IS NOT NULL
  AND CASE n.name WHEN $afterName THEN n.id > $afterId ELSE true END
  AND n.createdAt <= $asOf AND $asOf < n.retractedAt
  AND NOT EXISTS {
    MATCH (n)-[:WAS]-(l)
    WHERE l.createdAt <= $asOf AND (l.retractedAt IS NULL OR $asOf < l.retractedAt AND n.createdAt < l.createdAt)
    RETURN l
    UNION ALL
    MATCH (n)<-[:WAS]-()-[:WAS]->(l)
    WHERE l.createdAt <= $asOf AND $asOf < l.retractedAt AND n.createdAt < l.createdAt
    RETURN l
  }
  AND all(key IN keys($attributes) WHERE n[key] = $attributes[key])
RETURN properties(n) AS properties, labels(n) AS labels
ORDER BY n.name, n.id
LIMIT $limit
