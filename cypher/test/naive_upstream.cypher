// Purpose: Reads what nodes come from as it comes to mind first, by following paths, for a comparison. TYPES is the relationship types, DEPTH how far.
// Parameters: $ids
// $limit
// Returns: nodes and relationships of every path
// Scans: every path, as it is naive
UNWIND $in.ids AS id
MATCH path = (root:Lineage {id: id})-[:TYPES*0..DEPTH]->(n)
RETURN nodes(path) AS nodes, relationships(path) AS relationships
LIMIT $in.limit
