// Where does this reading come from?
// Purpose: Draws what was read from a well of a plate, the content that it was read from, and everything that this content came from, back to lots and samples.
// Parameters: $plate: the plate's barcode, such as 'AP-0001'
// $well: such as 'A3'
// Returns: nodes; Browser draws the relationships between them
MATCH (m:Lineage {barcode: $plate})
USING INDEX SEEK m:Lineage(barcode)
WHERE 'Measurement' IN labels(m) AND m.well = $well
MATCH (m)-[:MEASURED_FROM|DERIVED_FROM*0..50]->(n)
WHERE NOT n:Dataset
RETURN DISTINCT n
