// Purpose: Reads nodes by id, and for each what it directly depends on: many in a record. TYPES is the relationship types.
// Parameters: $batches: lists of ids, each of a record
// Returns: rows: properties, labels, edges: source, type, properties
UNWIND $in.batches AS batch
RETURN COLLECT {
  UNWIND batch AS id
  MATCH (n:Lineage {id: id})
  USING INDEX SEEK n:Lineage(id)
  WHERE NOT n:Retracted
  RETURN [properties(n), labels(n), COLLECT { MATCH (n)-[e:TYPES]->(source) RETURN [source.id, type(e), properties(e)] }]
} AS rows
