// Purpose: Forgets owners that have nothing left.
// Parameters: $owners
// Returns: nothing
UNWIND $owners AS owner
MATCH (p:Projection {owner: owner})
DELETE p
