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
WHERE n.run = $in.run AND n.labware = $in.labware AND n.well = $in.well
  AND NOT n:Retracted
  AND ($in.kind IS NULL OR $in.kind IN labels(n))
  AND ($in.name IS NULL OR n.name = $in.name)
  AND CASE n.name WHEN $in.afterName THEN n.id > $in.afterId ELSE n.name > $in.afterName END
  AND n.createdAt <= $in.asOf
  AND all(key IN keys($in.attributes) WHERE n[key] = $in.attributes[key])
RETURN properties(n) AS properties, labels(n) AS labels
ORDER BY n.name, n.id
LIMIT $in.limit
