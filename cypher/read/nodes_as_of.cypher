// Purpose: Reads nodes by id as the store knew them at a time: many in a record.
// Parameters: $batches: lists of ids, each of a record
// $asOf
// Returns: rows: properties, labels
UNWIND $in.batches AS batch
RETURN COLLECT {
  UNWIND batch AS id
  MATCH (n:Lineage {id: id})
  USING INDEX SEEK n:Lineage(id)
  CALL (n) {
    WITH n
    WHERE n.createdAt <= $in.asOf AND (n.retractedAt IS NULL OR $in.asOf < n.retractedAt)
    RETURN n AS was
    UNION ALL
    MATCH (n)-[:WAS]->(was:Revision)
    WHERE was.createdAt <= $in.asOf AND $in.asOf < was.retractedAt
    RETURN was
  }
  RETURN [properties(was), labels(was)]
} AS rows
