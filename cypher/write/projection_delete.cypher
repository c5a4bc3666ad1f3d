// Purpose: Forgets an owner that has nothing left.
// Parameters: $owner
// Returns: nothing
MATCH (p:Projection {owner: $owner})
DELETE p
