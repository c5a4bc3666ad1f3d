// Purpose: Forgets owners that have nothing left.
// Parameters: $owners
// Returns: nothing
UNWIND $in.owners AS owner
MATCH (p:Projection {owner: owner})
DELETE p
