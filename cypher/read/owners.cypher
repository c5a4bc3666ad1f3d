// Purpose: Reads a page of the owners that have something.
// Parameters: $after: where the page before ended
// $limit
// Returns: owner; in order of name
MATCH (p:Projection)
WHERE p.owner > $in.after
RETURN p.owner AS owner
ORDER BY p.owner
LIMIT $in.limit
