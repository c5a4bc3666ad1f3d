// Purpose: Writes nodes of one kind as plainly as can be, for a comparison. KIND is the kind and its PROV class.
// Parameters: $rows: id, properties (id and name among them)
// Returns: nothing
UNWIND $in.rows AS row
MERGE (n:Lineage {id: row.id})
SET n += row.properties, n:KIND
