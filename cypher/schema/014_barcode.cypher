// Purpose: Finds labware and samples by barcode.
// Parameters: none
// Returns: nothing
CREATE INDEX lineage_barcode IF NOT EXISTS
FOR (n:Lineage) ON (n.barcode)
