// Purpose: Reads current nodes by id: many in a record.
// Parameters: $batches: lists of ids, each of a record
// Returns: rows: properties, labels
UNWIND $in.batches AS batch
RETURN COLLECT {
  UNWIND batch AS id
  MATCH (n:Lineage {id: id})
  USING INDEX SEEK n:Lineage(id)
  WHERE NOT n:Retracted
  RETURN [properties(n), labels(n)]
} AS rows
