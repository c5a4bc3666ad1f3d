// Which wells may have got something by a tip used before?
// Purpose: Lists the wells of a run that a tip went into after it had touched another well: a possibility, without a volume.
// Parameters: $run: the robot's id of the run, such as '6f6ea665-d740-47bb-9399-fba49ea8c402'
// Returns: what the tip had touched, where it went, how often
MATCH (reached:Lineage {run: $run})
USING INDEX SEEK reached:Lineage(run)
WHERE 'WellState' IN labels(reached)
MATCH (reached)-[:CARRIED_OVER]->(touched:WellState)
RETURN touched.name AS touchedBefore, reached.name AS perhapsReached, count(*) AS times
ORDER BY touchedBefore, perhapsReached
