// Purpose: Lets no writer in until its transaction ends, for a read that writers kept overtaking.
// Parameters: none
// Returns: nothing
MERGE (lock:ApplyLock {name: 'apply'})
SET lock.holder = 'a reader'
