// This lot was bad: what does it touch?
// Purpose: Lists the wells whose last content has something of a lot, with its fraction, and what was read from them.
// Parameters: $lot: its name, such as 'PBS-2610-A'
// Returns: plate, well, run, fraction of the lot, volume in µL, readings; the largest fraction first
MATCH (lot:Lot {name: $lot})
USING INDEX SEEK lot:Lot(name, id)
WHERE lot.id IS NOT NULL
MATCH (lot)<-[:DERIVED_FROM]-(first:WellState)
MATCH (first)<-[:DERIVED_FROM*0..50]-(s:WellState)
WITH DISTINCT first, s
WHERE s.last
WITH s, sum(reduce(share = 0.0, i IN range(0, size(s.originIds) - 1) |
       share + CASE s.originIds[i] WHEN first.id THEN s.originFractions[i] ELSE 0.0 END)) AS fraction
MATCH (s)-[:HELD_IN]->(plate:Labware)
RETURN plate.name AS plate, s.well AS well, s.run AS run, round(fraction, 6) AS fraction, s.volumeUl AS volumeUl,
       COLLECT { MATCH (s)<-[:MEASURED_FROM]-(m:Measurement) RETURN m.name ORDER BY m.name } AS readings
ORDER BY fraction DESC, plate, well
