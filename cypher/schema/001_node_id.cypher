// Purpose: One node an id. It also serves every look-up by id.
// Parameters: none
// Returns: nothing
CREATE CONSTRAINT lineage_id IF NOT EXISTS
FOR (n:Lineage) REQUIRE n.id IS UNIQUE
