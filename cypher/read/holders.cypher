// Purpose: Finds the wells that hold something of first states, by the index over what states say: many in a record.
// Parameters: $searches: texts of ids, each of as many as a search takes
// $origins: the ids, each with true
// $limit
// Returns: rows: run, labware, well, contents, measurements, least fraction, greatest fraction; in order of the first three
UNWIND $in.searches AS search
CALL db.index.fulltext.queryNodes('origins_of_states', search, {analyzer: 'whitespace'}) YIELD node AS n
WITH DISTINCT n
WHERE size(n.originIds) = size(n.originFractions)
WITH n,
     reduce(share = 0.0, i IN range(0, size(n.originIds) - 1) | share + CASE WHEN $in.origins[n.originIds[i]] THEN n.originFractions[i] ELSE 0.0 END) AS share,
     COUNT { (n)<-[:MEASURED_FROM]-() } AS measurements
WITH coalesce(n.run, '') AS run, coalesce(n.labware, '') AS labware, coalesce(n.well, '') AS well,
     count(*) AS contents, sum(measurements) AS measurements, min(share) AS least, max(share) AS most
ORDER BY run, labware, well
LIMIT $in.limit
WITH collect([run, labware, well, contents, measurements, least, most]) AS found
UNWIND range(0, size(found) - 1, 100) AS first
RETURN found[first..first + 100] AS rows
