// Purpose: Reads what nodes affect as it comes to mind first, by following paths, for a comparison. TYPES is the relationship types, DEPTH how far.
// Parameters: $ids
// Returns: n, depth: of the shortest path
// Scans: every path, as it is naive
UNWIND $in.ids AS id
MATCH path = (root:Lineage {id: id})<-[:TYPES*0..DEPTH]-(n)
RETURN n, min(length(path)) AS depth
