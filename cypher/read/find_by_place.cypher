// Purpose: Reads a page of the nodes at a place in a run.
// Parameters: $run, $labware, $well
// $kind: null for any
// $name: null for any
// $attributes: exact values by property
// $afterName, $afterId: where the page before ended
// $asOf: leaves out what came later
// $limit
// Returns: properties, labels; in order of name, then id
MATCH (n:Lineage)
USING INDEX SEEK n:Lineage(run, labware, well)
WHERE n.run = $run AND n.labware = $labware AND n.well = $well
  AND NOT n:Retracted
  AND ($kind IS NULL OR $kind IN labels(n))
  AND ($name IS NULL OR n.name = $name)
  AND CASE n.name WHEN $afterName THEN n.id > $afterId ELSE n.name > $afterName END
  AND n.createdAt <= $asOf
  AND all(key IN keys($attributes) WHERE n[key] = $attributes[key])
RETURN properties(n) AS properties, labels(n) AS labels
ORDER BY n.name, n.id
LIMIT $limit
