// Where did the content of this well come from?
// Purpose: Draws the last content of a well of a plate and everything that it came from, with volumes and fractions on the relationships.
// Parameters: $plate: the plate's barcode or, where it has none, its name, such as 'AP-0001'
// $well: such as 'A3'
// Returns: nodes; Browser draws the relationships between them
MATCH (plate:Labware {name: $plate})
USING INDEX SEEK plate:Labware(name, id)
WHERE plate.id IS NOT NULL
MATCH (plate)<-[:HELD_IN]-(last:WellState {well: $well})
WITH last
ORDER BY last.at DESC, last.sequence DESC
LIMIT 1
MATCH (last)-[:DERIVED_FROM*0..50]->(n)
RETURN DISTINCT n
