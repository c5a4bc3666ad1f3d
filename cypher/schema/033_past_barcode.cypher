// Purpose: Finds what had a barcode, for questions as of a time.
// Parameters: none
// Returns: nothing
CREATE INDEX past_barcode IF NOT EXISTS
FOR (n:Past) ON (n.barcode)
