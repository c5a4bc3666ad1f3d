// Purpose: One projection an owner.
// Parameters: none
// Returns: nothing
CREATE CONSTRAINT projection_owner IF NOT EXISTS
FOR (p:Projection) REQUIRE p.owner IS UNIQUE
