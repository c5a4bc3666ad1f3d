// What was corrected about this lot?
// Purpose: Lists which wells a lot was said to have been loaded into, when the graph knew so, and what is said now, by whom and why.
// Parameters: $lot: its name, such as 'PBS-2610-A'
// Returns: well, known from, until, lot that is there now, who, why
MATCH (lot:Lot {name: $lot})
USING INDEX SEEK lot:Lot(name, id)
WHERE lot.id IS NOT NULL
MATCH (lot)<-[was:RETRACTED {wasType: 'DERIVED_FROM'}]-(first:Lineage)
OPTIONAL MATCH (first)-[now:DERIVED_FROM]->(other:Lot)
WHERE now.createdAt >= was.retractedAt
RETURN first.name AS well, was.createdAt AS knownFrom, was.retractedAt AS until, other.name AS now, now.who AS who, now.why AS why
ORDER BY until, well
