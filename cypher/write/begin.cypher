// Purpose: Lets one writer in at a time, until its transaction ends, and tells what owners had. So what it reads stays so, and no two writers wait for each other.
// Parameters: $owners
// Returns: owner; manifest, digests, nodes, edges: as projection_put left them; null: the owner had nothing
MERGE (lock:ApplyLock {name: 'apply'})
SET lock.holder = $in.owners
WITH lock
UNWIND $in.owners AS owner
OPTIONAL MATCH (p:Projection {owner: owner})
RETURN owner, p.manifest AS manifest, p.digests AS digests, p.nodes AS nodes, p.edges AS edges
