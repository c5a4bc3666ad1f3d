package sqlite

import (
	"strings"

	"wellspring/lineage"
)

// Every statement but Find's, which is put together in find.go. A list of ids,
// numbers or types is a JSON array; ids in it are hexadecimal. CROSS JOIN keeps the
// order of the loops: the list outside, an index inside.

const (
	selectOwner = `SELECT num FROM owner WHERE name = ?`
	insertOwner = `INSERT INTO owner (name) VALUES (?) RETURNING num`

	selectNodeManifest = `SELECT n.id, c.hash FROM node_owner c CROSS JOIN node n ON n.num = c.node WHERE c.owner = ?`
	selectEdgeManifest = `SELECT e.source_id, e.type, e.target_id, e.transformation, e.hash FROM edge_owner o CROSS JOIN edge e ON e.target = o.target AND e.owner = o.owner WHERE o.owner = ?`
)

// Writing nodes.
var (
	nodeTable   = intoTable("node", "id", "kind", "name", "attributes", "hash", "created_at", "run", "labware", "well", "barcode")
	claimTable  = intoTable("node_owner", "owner", "node", "hash")
	selectThere = `SELECT id, num, hash FROM node WHERE id IN (?` + strings.Repeat(", ?", atOnce-1) + `)`
)

var (
	selectClaim     = `SELECT hash FROM node_owner WHERE owner = ?2 AND node = ` + numbered
	selectNodeRival = `SELECT o.name FROM node_owner c JOIN owner o ON o.num = c.owner WHERE c.node = ` + numbered + ` AND c.owner <> ?2 LIMIT 1`
	selectLastNode  = `SELECT coalesce(max(num), 0) FROM node`
	// A node keeps its number: edges have it.
	updateNode = `UPDATE node SET kind = ?2, name = ?3, attributes = ?4, hash = ?5, created_at = ?6, run = ?7, labware = ?8, well = ?9, barcode = ?10 WHERE id = ?1`
	keepNode   = `INSERT INTO node_revision (id, kind, name, attributes, created_at, retracted_at, run, labware, well, barcode)
		SELECT id, kind, name, attributes, created_at, ?2, run, labware, well, barcode FROM node WHERE id = ?1`
	deleteNode     = `DELETE FROM node WHERE id = ?`
	reclaimNode    = `UPDATE node_owner SET hash = ?3 WHERE owner = ?2 AND node = ` + numbered
	disclaimNode   = `DELETE FROM node_owner WHERE owner = ?2 AND node = ` + numbered
	selectNodeHeld = `SELECT EXISTS (SELECT 1 FROM node_owner WHERE node = ` + numbered + `)
		OR EXISTS (SELECT 1 FROM edge WHERE target = ` + numbered + `)
		OR EXISTS (SELECT 1 FROM edge e WHERE ` + ofAnyType + ` AND e.source = ` + numbered + `)`
)

var (
	edgeTable = intoTable("edge", "target", "type", "source", "transformation", "owner", "source_id", "target_id", "hash", "attributes", "created_at", "step")
	// Where an owner's edges end may be there already.
	targetTable = intoTable("edge_owner", "owner", "target").orIgnore()
)

// Writing edges. Their parameters begin with the key, by numbers, and the owner.
const (
	selectEdgeHash  = `SELECT hash FROM edge WHERE target = ? AND type = ? AND source = ? AND transformation = ? AND owner = ?`
	selectEdgeRival = `SELECT e.hash, e.created_at, o.name FROM edge e JOIN owner o ON o.num = e.owner
		WHERE e.target = ? AND e.type = ? AND e.source = ? AND e.transformation = ? AND e.owner <> ? LIMIT 1`
	keepEdge = `INSERT INTO edge_revision (source, type, target, transformation, attributes, created_at, retracted_at)
		SELECT source_id, type, target_id, transformation, attributes, created_at, ?6 FROM edge
		WHERE target = ?1 AND type = ?2 AND source = ?3 AND transformation = ?4 AND owner = ?5`
	deleteEdge  = `DELETE FROM edge WHERE target = ? AND type = ? AND source = ? AND transformation = ? AND owner = ?`
	leaveTarget = `DELETE FROM edge_owner WHERE owner = ?1 AND target = ?2 AND NOT EXISTS (SELECT 1 FROM edge WHERE target = ?2 AND owner = ?1)`
)

var holdingTable = intoTable("holding", "origin", "state", "fraction")

// The view of what holds what.
const (
	selectOrigin   = `SELECT num FROM origin WHERE id = ?`
	insertOrigin   = `INSERT INTO origin (id) VALUES (?)`
	deleteHoldings = `DELETE FROM holding WHERE (origin, state) IN (SELECT o.num, n.num
		FROM node n CROSS JOIN json_each(n.attributes, '$.originIds') f CROSS JOIN origin o ON o.id = unhex(replace(f.value, '-', '')) WHERE n.id = ?1)`
)

var writeStatements = []string{
	selectOwner, insertOwner, selectNodeManifest, selectEdgeManifest,
	selectThere, selectNodeRival, selectLastNode, updateNode, keepNode, deleteNode, reclaimNode, disclaimNode, selectNodeHeld,
	selectClaim, selectEdgeHash, selectEdgeRival, keepEdge, deleteEdge, leaveTarget,
	nodeTable.one, nodeTable.many, claimTable.one, claimTable.many, edgeTable.one, edgeTable.many, targetTable.one, targetTable.many,
	holdingTable.one, holdingTable.many, selectOrigin, insertOrigin, deleteHoldings,
}

// Reading.
const (
	nodeColumns = `n.id, n.kind, n.name, n.attributes, n.created_at`
	edgeColumns = `e.source_id, e.type, e.target_id, e.transformation, e.attributes, e.created_at`
	wasColumns  = `e.source, e.type, e.target, e.transformation, e.attributes, e.created_at`
	numbered    = `(SELECT num FROM node WHERE id = ?1)`
)

var (
	selectOwnedNodes = `SELECT ` + nodeColumns + ` FROM node_owner c CROSS JOIN node n ON n.num = c.node
		WHERE c.owner = (SELECT num FROM owner WHERE name = ?)`
	selectOwnedEdges = `SELECT ` + edgeColumns + ` FROM edge_owner o CROSS JOIN edge e ON e.target = o.target AND e.owner = o.owner
		WHERE o.owner = (SELECT num FROM owner WHERE name = ?)`

	selectOwners = `SELECT o.name FROM owner o WHERE o.name > ?1 AND (EXISTS (SELECT 1 FROM node_owner c WHERE c.owner = o.num)
		OR EXISTS (SELECT 1 FROM edge_owner e WHERE e.owner = o.num)) ORDER BY o.name LIMIT ?2`

	// In the order of the rows: those of a run lie together, so that a page of the
	// file is read once. The list of rows is sorted by the IN.
	selectNodes = `SELECT ` + nodeColumns + ` FROM node n WHERE n.num IN (
		SELECT m.num FROM json_each(?1) f CROSS JOIN node m ON m.id = unhex(f.value))`
	selectNumbered = `SELECT ` + nodeColumns + `, n.num FROM json_each(?1) f CROSS JOIN node n ON n.num BETWEEN ` + stretch
	selectNumbers  = `SELECT n.id, n.num FROM json_each(?1) f CROSS JOIN node n ON n.id = unhex(f.value)`
	// Of several rows of a node the last one counts: those of a revision come in
	// order of created_at, as their index has them, and what is current comes last.
	selectNodesAsOf = `SELECT ` + nodeColumns + ` FROM json_each(?1) f CROSS JOIN node_revision n ON n.id = unhex(f.value)
			WHERE n.created_at <= ?2 AND n.retracted_at > ?2
		UNION ALL
		SELECT ` + nodeColumns + ` FROM json_each(?1) f CROSS JOIN node n ON n.id = unhex(f.value)
			WHERE n.created_at <= ?2`

	// Nothing depends on itself, so no edge is in both halves. Of an edge that
	// several owners name, the first row speaks.
	selectSomeEdges = `SELECT ` + edgeColumns + ` FROM edge e WHERE ` + ofAnyType + ` AND e.source = ` + numbered + ` AND ` + firstOfEdge + `
		UNION ALL
		SELECT ` + edgeColumns + ` FROM edge e WHERE e.target = ` + numbered + ` AND ` + firstOfEdge + `
		LIMIT ?2`
	selectEdgesOfSource = `SELECT ` + edgeColumns + ` FROM edge e WHERE e.source = ` + numbered + ` AND e.type = ?2 AND ` + firstOfEdge + `
		ORDER BY e.target_id, e.transformation LIMIT ?3`
	// A thing depends on few things: they may be sorted.
	selectEdgesOfTarget = `SELECT ` + edgeColumns + ` FROM edge e WHERE e.target = ` + numbered + ` AND e.type = ?2 AND ` + firstOfEdge + `
		ORDER BY e.source_id, e.transformation LIMIT ?3`
	selectEdgesAsOf = `SELECT ` + edgeColumns + ` FROM edge e WHERE ` + ofAnyType + ` AND e.source = ` + numbered + ` AND ` + asOf + ` AND ` + firstOfEdge + `
		UNION ALL
		SELECT ` + edgeColumns + ` FROM edge e WHERE e.target = ` + numbered + ` AND ` + asOf + ` AND ` + firstOfEdge + `
		UNION ALL
		SELECT ` + wasColumns + ` FROM edge_revision e WHERE e.source = ?1 AND ` + wasAsOf + ` AND ` + countsOfEdge + `
		UNION ALL
		SELECT ` + wasColumns + ` FROM edge_revision e WHERE e.target = ?1 AND ` + wasAsOf + ` AND ` + countsOfEdge + `
		ORDER BY 1, 3, 2, 4 LIMIT ?2`
	// Of what was at a time, what counts: nothing current was, and nothing that
	// began later.
	countsOfEdge = `NOT EXISTS (SELECT 1 FROM node n CROSS JOIN edge c ON c.target = n.num
			WHERE n.id = e.target AND c.type = e.type AND c.source_id = e.source AND c.transformation = e.transformation AND c.created_at <= ?3)
		AND NOT EXISTS (SELECT 1 FROM edge_revision l WHERE l.target = e.target AND l.type = e.type
			AND l.source = e.source AND l.transformation = e.transformation
			AND (l.created_at, l.num) > (e.created_at, e.num) AND l.created_at <= ?3 AND l.retracted_at > ?3)`
	firstOfEdge = `NOT EXISTS (SELECT 1 FROM edge o WHERE o.target = e.target AND o.type = e.type
		AND o.source = e.source AND o.transformation = e.transformation AND o.owner < e.owner)`

	// What holds something of first states, then where that is and what was read of it: rows
	// that lie together, put together here and not by SQLite, which would sort them twice.
	selectHoldings = `SELECT h.state, h.fraction FROM json_each(?1) f CROSS JOIN origin o ON o.id = unhex(f.value) CROSS JOIN holding h ON h.origin = o.num`
	selectPlaces   = `SELECT n.num, n.run, n.labware, n.well FROM json_each(?1) f CROSS JOIN node n ON n.num BETWEEN ` + stretch
	selectReadings = `SELECT e.source, e.target FROM json_each(?1) f CROSS JOIN edge e ON e.type = 'MEASURED_FROM' AND e.source BETWEEN ` + stretch

	// What each content says against what the view has of it, and how many rows that are in
	// all. Of an origin that a content names twice the view has the sum.
	checkHoldings = `WITH said AS (SELECT n.num, f.key, f.value AS id, n.attributes ->> ('$.originFractions[' || f.key || ']') AS fraction, n.attributes
			FROM node n CROSS JOIN json_each(n.attributes, '$.originIds') f
			WHERE n.kind = 'WellState' AND json_array_length(n.attributes, '$.originIds') = json_array_length(n.attributes, '$.originFractions'))
		SELECT count(DISTINCT s.num) FILTER (WHERE h.fraction IS NULL OR abs(h.fraction - s.fraction) > 1e-9
				AND NOT EXISTS (SELECT 1 FROM json_each(s.attributes, '$.originIds') g WHERE g.value = s.id AND g.key <> s.key)),
			(SELECT count(*) FROM holding) - count(h.fraction)
		FROM said s LEFT JOIN origin o ON o.id = unhex(replace(s.id, '-', '')) LEFT JOIN holding h ON h.origin = o.num AND h.state = s.num`

	selectNodeHistory = `SELECT ` + nodeColumns + `, n.retracted_at FROM node_revision n WHERE n.id = ?1
		UNION ALL
		SELECT ` + nodeColumns + `, NULL FROM node n WHERE n.id = ?1`
	selectNodesPast   = `SELECT ` + nodeColumns + `, n.retracted_at FROM json_each(?1) f CROSS JOIN node_revision n ON n.id = unhex(f.value) WHERE n.retracted_at <= ?2`
	selectEdgesPast   = `SELECT ` + wasColumns + `, e.retracted_at FROM json_each(?1) f CROSS JOIN edge_revision e ON e.target = unhex(f.value) WHERE e.retracted_at <= ?2`
	selectEdgeHistory = `SELECT ` + wasColumns + `, e.retracted_at FROM edge_revision e WHERE e.source = ?1
		UNION ALL
		SELECT ` + wasColumns + `, e.retracted_at FROM edge_revision e WHERE e.target = ?1
		UNION ALL
		SELECT ` + edgeColumns + `, NULL FROM edge e WHERE ` + ofAnyType + ` AND e.source = ` + numbered + ` AND ` + firstOfEdge + `
		UNION ALL
		SELECT ` + edgeColumns + `, NULL FROM edge e WHERE e.target = ` + numbered + ` AND ` + firstOfEdge
)

// Traversing: a level's nodes, by number, and the followed types in.
const (
	ofTypes = `e.type IN (SELECT value FROM json_each(?2))`
	asOf    = `e.created_at <= ?3`
	wasAsOf = `e.created_at <= ?3 AND e.retracted_at > ?3`

	// A stretch of numbers: its first, times 256, and how many follow it.
	stretch = `f.value >> 8 AND (f.value >> 8) + (f.value & 255)`

	// From the table and from its index alone. The plus keeps the planner from the index,
	// which would find all edges of a type.
	selectSources = `SELECT e.source_id, e.source FROM json_each(?1) f CROSS JOIN edge e ON e.target BETWEEN ` + stretch + ` WHERE +` + ofTypes
	selectTargets = `SELECT e.target_id, e.target FROM json_each(?2) t CROSS JOIN json_each(?1) f CROSS JOIN edge e ON e.type = t.value AND e.source BETWEEN ` + stretch
	// By target: a thing depends on few things, but many may depend on it.
	selectBetween = `SELECT e.source, e.type, e.target, e.transformation, e.attributes, e.created_at, e.step
		FROM json_each(?1) f CROSS JOIN edge e ON e.target BETWEEN ` + stretch + ` WHERE +` + ofTypes
	// By ids, of all types.
	selectEdgesTo = `SELECT ` + edgeColumns + ` FROM json_each(?1) f CROSS JOIN node n ON n.id = unhex(f.value) CROSS JOIN edge e ON e.target = n.num`
)

// Traversing as of a time: by id, since what was has no number.
const (
	selectSourcesAsOf = `SELECT e.source_id FROM json_each(?1) f CROSS JOIN node n ON n.id = unhex(f.value) CROSS JOIN edge e ON e.target = n.num
			WHERE ` + ofTypes + ` AND ` + asOf + `
		UNION ALL
		SELECT e.source FROM json_each(?1) f CROSS JOIN edge_revision e ON e.target = unhex(f.value) WHERE ` + ofTypes + ` AND ` + wasAsOf
	selectTargetsAsOf = `SELECT e.target_id FROM json_each(?1) f CROSS JOIN node n ON n.id = unhex(f.value) CROSS JOIN edge e ON e.source = n.num
			WHERE ` + ofTypes + ` AND ` + asOf + `
		UNION ALL
		SELECT e.target FROM json_each(?1) f CROSS JOIN edge_revision e ON e.source = unhex(f.value) WHERE ` + ofTypes + ` AND ` + wasAsOf
	// Of several rows of an edge the last one counts, as in selectNodesAsOf.
	selectIncomingAsOf = `SELECT ` + wasColumns + ` FROM json_each(?1) f CROSS JOIN edge_revision e ON e.target = unhex(f.value) WHERE ` + ofTypes + ` AND ` + wasAsOf + `
		UNION ALL
		SELECT ` + edgeColumns + ` FROM json_each(?1) f CROSS JOIN node n ON n.id = unhex(f.value) CROSS JOIN edge e ON e.target = n.num
			WHERE ` + ofTypes + ` AND ` + asOf
)

var readStatements = []string{
	selectOwnedNodes, selectOwnedEdges, selectOwners, selectNodes, selectNumbered, selectNumbers, selectNodesAsOf, selectSomeEdges, selectEdgesOfSource, selectEdgesOfTarget, selectEdgesAsOf, selectNodeHistory, selectEdgeHistory, selectNodesPast, selectEdgesPast,
	selectSourcesAsOf, selectTargetsAsOf, selectSources, selectTargets, selectBetween, selectEdgesTo, selectIncomingAsOf, selectHoldings, selectPlaces, selectReadings,
}

// ofAnyType holds for every edge, and lets the index by type, then source find it.
var ofAnyType = func() string {
	var all []string
	for _, typ := range lineage.RelationshipTypes() {
		all = append(all, "'"+string(typ)+"'")
	}
	return "e.type IN (" + strings.Join(all, ", ") + ")"
}()
