// What did this run do, step by step?
// Purpose: Lists the steps of a run in the order in which the robot executed them.
// Parameters: $run: the robot's id of the run, such as '5a6cd99d-ef02-48c9-bbdc-2d93e3a166ab'
// Returns: position, device's time, step, volume in µL, places (labware/well), pipette or module, whether it failed
MATCH (run:Run {name: $run})
USING INDEX SEEK run:Run(name, id)
WHERE run.id IS NOT NULL
MATCH (run)<-[:PART_OF]-(step:Step)
RETURN step.sequence AS position, step.at AS at, step.type AS step, step.volumeUl AS volumeUl, step.places AS places,
       COLLECT { MATCH (step)-[:PERFORMED_BY]->(by) RETURN by.name ORDER BY by.name } AS by, coalesce(step.failed, false) AS failed
ORDER BY position
