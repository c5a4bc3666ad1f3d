// What is in this well, and how much?
// Purpose: Lists the lots, samples and liquids in the last content of a well of a plate, with fraction and volume in µL.
// Parameters: $plate: the plate's barcode or, where it has none, its name, such as 'AP-0001'
// $well: such as 'A3'
// Returns: what, where it was loaded, fraction, volume; the largest first
MATCH (plate:Labware {name: $plate})
USING INDEX SEEK plate:Labware(name, id)
WHERE plate.id IS NOT NULL
MATCH (plate)<-[:HELD_IN]-(last:WellState {well: $well})
WITH last
ORDER BY last.at DESC, last.sequence DESC
LIMIT 1
UNWIND range(0, size(last.originIds) - 1) AS i
WITH last, last.originIds[i] AS origin, last.originFractions[i] AS fraction
MATCH (first:Lineage {id: origin})
USING INDEX SEEK first:Lineage(id)
RETURN COLLECT { MATCH (first)-[:DERIVED_FROM]->(what:Lot|Sample) RETURN what.name ORDER BY what.name } AS what,
       first.name AS loadedAt, round(fraction, 6) AS fraction, round(fraction * last.volumeUl, 3) AS volumeUl
ORDER BY fraction DESC
