// Purpose: Counts the states that say what they hold, and those of them that the index over that has.
// Parameters: none
// Returns: say, has
// Scans: it is a check of all
CALL () {
  MATCH (n:WellState)
  WHERE size(n.originIds) > 0
  RETURN count(n) AS say
}
CALL () {
  CALL db.index.fulltext.queryNodes('origins_of_states', '*:*') YIELD node
  RETURN count(node) AS has
}
RETURN say, has
