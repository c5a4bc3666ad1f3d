// Purpose: One lock that lets one writer in at a time.
// Parameters: none
// Returns: nothing
CREATE CONSTRAINT apply_lock_name IF NOT EXISTS
FOR (l:ApplyLock) REQUIRE l.name IS UNIQUE
