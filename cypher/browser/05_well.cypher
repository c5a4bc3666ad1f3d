// What happened to this well, in order?
// Purpose: Lists the contents that a well of a plate had, in all runs, with the step that made each.
// Parameters: $plate: the plate's barcode or, where it has none, its name, such as 'DP-0001'
// $well: such as 'A3'
// Returns: device's time, run, step, volume in µL afterwards, why not all of it is known; oldest first
MATCH (plate:Labware {name: $plate})
USING INDEX SEEK plate:Labware(name, id)
WHERE plate.id IS NOT NULL
MATCH (plate)<-[:HELD_IN]-(s:WellState {well: $well})
OPTIONAL MATCH (s)-[:GENERATED_BY]->(step:Step)
RETURN s.at AS at, s.run AS run, step.type AS step, s.volumeUl AS volumeUl, s.incomplete AS incomplete
ORDER BY at, s.sequence
