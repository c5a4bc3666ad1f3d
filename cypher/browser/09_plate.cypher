// In which runs was this plate?
// Purpose: Lists the runs that used a plate, with where it stood.
// Parameters: $plate: the plate's barcode, such as 'DP-0001'
// Returns: start by the robot's clock, run, slot, label in the protocol; oldest first
MATCH (plate:Labware {name: $plate})
USING INDEX SEEK plate:Labware(name, id)
WHERE plate.id IS NOT NULL
MATCH (plate)<-[used:USED]-(run:Run)
RETURN run.startedAt AS startedAt, run.name AS run, used.slot AS slot, used.label AS label
ORDER BY startedAt
