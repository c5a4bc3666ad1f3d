// Purpose: Reads a page of the nodes that had a value in an indexed attribute as they were at a time and are no more. ATTRIBUTE is its name. Where several cover the time, the current one counts, else the one that began last.
// Parameters: $value
// $kind: null for any
// $name: null for any
// $attributes: exact values by property
// $afterName, $afterId: where the page before ended
// $asOf
// $limit
// Returns: properties, labels; in order of name, then id
MATCH (n:Past)
USING INDEX SEEK n:Past(ATTRIBUTE)
WHERE n.ATTRIBUTE = $in.value
  AND ($in.kind IS NULL OR n.wasKind = $in.kind)
  AND ($in.name IS NULL OR n.name = $in.name)
  AND CASE n.name WHEN $in.afterName THEN n.id > $in.afterId ELSE n.name > $in.afterName END
  AND n.createdAt <= $in.asOf AND $in.asOf < n.retractedAt
  AND NOT EXISTS {
    MATCH (n)-[:WAS]-(l)
    WHERE l.createdAt <= $in.asOf AND (l.retractedAt IS NULL OR $in.asOf < l.retractedAt AND n.createdAt < l.createdAt)
    RETURN l
    UNION ALL
    MATCH (n)<-[:WAS]-()-[:WAS]->(l)
    WHERE l.createdAt <= $in.asOf AND $in.asOf < l.retractedAt AND n.createdAt < l.createdAt
    RETURN l
  }
  AND all(key IN keys($in.attributes) WHERE n[key] = $in.attributes[key])
RETURN properties(n) AS properties, labels(n) AS labels
ORDER BY n.name, n.id
LIMIT $in.limit
