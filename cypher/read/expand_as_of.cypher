// Purpose: Reads nodes by id, and for each what it directly depends on, as the store knew them at a time: many in a record. TYPES is the relationship types.
// Parameters: $batches: lists of ids, each of a record
// $types: the relationship types once more
// $asOf
// Returns: rows: properties, labels, edges: source, type, properties
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
  RETURN [properties(was), labels(was), COLLECT {
    MATCH (n)-[e:TYPES|RETRACTED]->(source)
    WHERE e.createdAt <= $in.asOf AND (e.retractedAt IS NULL OR $in.asOf < e.retractedAt)
      AND coalesce(e.wasType, type(e)) IN $in.types
    RETURN [source.id, coalesce(e.wasType, type(e)), properties(e)]
  }]
} AS rows
