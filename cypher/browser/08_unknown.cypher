// What is not known of this run?
// Purpose: Lists the wells of a run whose last content is not known in full, and why.
// Parameters: $run: the robot's id of the run, such as 'a6bed815-fa05-4b02-9bcc-5612f59602a5'
// Returns: well, volume in µL as far as it is known, reasons (docs/graph.md has the words)
MATCH (s:Lineage {run: $run})
USING INDEX SEEK s:Lineage(run)
WHERE 'WellState' IN labels(s) AND s.last AND s.incomplete IS NOT NULL
RETURN s.name AS well, s.volumeUl AS volumeUl, s.incomplete AS reasons
ORDER BY well
