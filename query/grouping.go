package query

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"wellspring/lineage"
)

// grouping puts what an impact reached into groups.
type grouping struct {
	ask     Ask
	graph   lineage.Graph
	shares  shares
	certain map[lineage.ID]bool
	skip    map[lineage.ID]bool // roots that are asked about, not reached
	amounts map[lineage.ID][]Concentration

	plans     map[string]bool                    // run names that are plans
	runs      map[string]lineage.Node            // by the robot's id
	labware   map[string]map[string]lineage.Node // by run, then by id in the run
	lots      map[lineage.ID][]lineage.Node      // by first state
	within    memberships                        // experiments, of runs, plates and measurements
	readOf    map[lineage.ID]lineage.ID          // the content that a measurement is of
	nodes     map[lineage.ID]lineage.Node        //
	truncated bool
}

// wellKey is a well of one physical thing.
type wellKey struct {
	labware lineage.ID
	well    string
}

func (s *Service) newGrouping(ctx context.Context, ask Ask, start Start, graph lineage.Graph) (*grouping, error) {
	g := &grouping{ask: ask, graph: graph, shares: propagate(graph, ask.Roots, ask.Direction),
		certain: reachedWithoutCarryOver(graph, ask.Roots, ask.Direction), skip: make(map[lineage.ID]bool),
		readOf: make(map[lineage.ID]lineage.ID), nodes: make(map[lineage.ID]lineage.Node)}
	if !start.Touched {
		g.amounts = concentrations(graph, ask.Roots, ask.Direction, g.shares)
		for _, root := range ask.Roots {
			g.skip[root] = true
		}
	}
	for _, node := range graph.Nodes {
		g.nodes[node.ID] = node.Node
	}
	for _, edge := range graph.Edges {
		if edge.RelationshipType == lineage.MeasuredFrom {
			g.readOf[edge.TargetID] = edge.SourceID
		}
	}
	if err := s.readRuns(ctx, g, start); err != nil {
		return nil, err
	}
	if err := s.readExperiments(ctx, g); err != nil {
		return nil, err
	}
	return g, s.readLots(ctx, g)
}

// readExperiments finds the experiments of the runs, plates and measurements.
func (s *Service) readExperiments(ctx context.Context, g *grouping) error {
	var things []lineage.ID
	for name, run := range g.runs {
		things = append(things, run.ID)
		for _, labware := range g.labware[name] {
			things = append(things, labware.ID)
		}
	}
	for id := range g.readOf {
		things = append(things, id)
	}
	var err error
	g.within, err = s.memberships(ctx, things, g.ask)
	g.truncated = g.truncated || g.within.truncated
	return err
}

// readRuns finds the runs of what was reached, and their labware.
func (s *Service) readRuns(ctx context.Context, g *grouping, start Start) error {
	g.plans, g.runs = make(map[string]bool), make(map[string]lineage.Node)
	var ids []lineage.ID
	names := make(map[string]bool)
	for _, node := range g.graph.Nodes {
		if run := runName(node.Node); node.Kind == lineage.KindWellState && run != "" && !names[run] {
			names[run] = true
			ids = append(ids, lineage.RunID(run), lineage.PlanID(run))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	found, err := s.store.Nodes(ctx, ids, g.ask.AsOf)
	if err != nil {
		return err
	}
	askedOfPlan := len(start.Named) == 1 && (start.Named[0].Kind == lineage.KindPlan || g.planOnly(start, found))
	var runs []lineage.Node
	for _, run := range found {
		if run.Kind == lineage.KindPlan && !askedOfPlan {
			g.plans[runName(run)] = true
			continue
		}
		g.runs[runName(run)] = run
		runs = append(runs, run)
	}
	var cut bool
	g.labware, cut, err = s.labwareUsed(ctx, runs, g.ask.AsOf)
	g.truncated = g.truncated || cut
	return err
}

// labwareUsed is the labware of runs, by the robot's id of the run, then by its id in
// the run, with what the run says about it.
func (s *Service) labwareUsed(ctx context.Context, runs []lineage.Node, asOf time.Time) (used map[string]map[string]lineage.Node, cut bool, err error) {
	used = make(map[string]map[string]lineage.Node)
	if len(runs) == 0 {
		return used, false, nil
	}
	ids := make([]lineage.ID, len(runs))
	for i, run := range runs {
		ids[i] = run.ID
	}
	around, err := s.store.Traverse(ctx, lineage.Traversal{
		Roots: ids, Direction: lineage.Upstream, Types: []lineage.RelationshipType{lineage.Used},
		Depth: 1, Nodes: lineage.MaxNodes, AsOf: asOf,
	})
	for _, run := range runs {
		used[runName(run)] = make(map[string]lineage.Node)
		for _, labware := range usedLabware(around, run.ID) {
			used[runName(run)][labwareIDOf(labware)] = labware
		}
	}
	return used, len(around.Nodes) >= lineage.MaxNodes, err
}

// planOnly reports whether the question is about a content of a plan.
func (g *grouping) planOnly(start Start, found []lineage.Node) bool {
	return slices.ContainsFunc(found, func(n lineage.Node) bool {
		return n.Kind == lineage.KindPlan && start.Named[0].Kind == lineage.KindWellState && runName(n) == runName(start.Named[0])
	})
}

// readLots finds the lots and samples in the contents that were reached.
func (s *Service) readLots(ctx context.Context, g *grouping) error {
	g.lots = make(map[lineage.ID][]lineage.Node)
	firsts := make(map[lineage.ID]bool)
	for _, node := range g.graph.Nodes {
		if node.Kind != lineage.KindWellState || g.plans[runName(node.Node)] {
			continue
		}
		ids, _, err := origins(node.Node)
		if err != nil {
			return err
		}
		for _, id := range ids {
			firsts[id] = true
		}
	}
	if len(firsts) == 0 {
		return nil
	}
	ids := slices.SortedFunc(maps.Keys(firsts), compareIDs)
	if len(ids) > lineage.MaxNodes/2 {
		ids, g.truncated = ids[:lineage.MaxNodes/2], true
	}
	around, err := s.store.Traverse(ctx, lineage.Traversal{
		Roots: ids, Direction: lineage.Upstream, Types: []lineage.RelationshipType{lineage.DerivedFrom},
		Depth: 1, Nodes: lineage.MaxNodes, AsOf: g.ask.AsOf,
	})
	if err != nil {
		return err
	}
	nodes := make(map[lineage.ID]lineage.Node, len(around.Nodes))
	for _, node := range around.Nodes {
		nodes[node.ID] = node.Node
	}
	for _, edge := range around.Edges {
		if source := nodes[edge.SourceID]; isStock(source.Kind) {
			g.lots[edge.TargetID] = append(g.lots[edge.TargetID], source)
		}
	}
	return nil
}

// actual are the nodes reached that are no plan's.
func (g *grouping) actual() []lineage.Node {
	var all []lineage.Node
	for _, node := range g.graph.Nodes {
		if !g.plans[runName(node.Node)] {
			all = append(all, node.Node)
		}
	}
	return all
}

// planned counts the wells of plans.
func (g *grouping) planned() int {
	wells := make(map[string]bool)
	for _, node := range g.graph.Nodes {
		if at := placeOfState(node.Node); node.Kind == lineage.KindWellState && g.plans[runName(node.Node)] {
			wells[JoinSelector(runName(node.Node), at.labware, at.well)] = true
		}
	}
	return len(wells)
}

// plate is the labware that a content is in.
func (g *grouping) plate(state lineage.Node) lineage.Node {
	run, id := runName(state), labwareIDOf(state)
	if labware, ok := g.labware[run][id]; ok {
		return labware
	}
	return lineage.Node{ID: lineage.LabwareID(run, id), Kind: lineage.KindLabware, Name: id}
}

func (g *grouping) key(state lineage.Node) wellKey {
	return wellKey{g.plate(state).ID, text(state.Attributes, lineage.AttrWell)}
}

// groups are what was reached for certain, or what was possibly reached only.
func (g *grouping) groups(possible bool) Groups {
	sums := newSums()
	certainWells := make(map[wellKey]bool)
	for _, node := range g.graph.Nodes {
		if node.Kind == lineage.KindWellState && g.certain[node.ID] && !g.skip[node.ID] && g.counts(node.ID) {
			certainWells[g.key(node.Node)] = true
		}
	}
	for _, node := range g.graph.Nodes {
		if g.skip[node.ID] || g.certain[node.ID] == possible || !g.counts(node.ID) {
			continue
		}
		switch node.Kind {
		case lineage.KindWellState:
			if !possible || !certainWells[g.key(node.Node)] {
				g.addState(sums, node.Node)
			}
		case lineage.KindMeasurement:
			g.addMeasurement(sums, node.Node)
		}
	}
	return sums.groups()
}

// counts reports whether a node's share is large enough, and it is no plan's.
func (g *grouping) counts(id lineage.ID) bool {
	share, known := g.shares.of[id]
	return (!known || share >= g.ask.MinFraction) && !g.plans[runName(g.nodes[id])]
}

func (g *grouping) addState(sums *sums, state lineage.Node) {
	found := g.finding(state)
	for _, to := range g.around(sums, state) {
		to.add(found)
		to.wells[g.key(state)] = true
	}
}

func (g *grouping) addMeasurement(sums *sums, measurement lineage.Node) {
	found := g.finding(measurement)
	one := sums.of(groupMeasurements, measurement.ID.String(), measurement)
	one.add(found)
	state, ok := g.nodes[g.readOf[measurement.ID]]
	var around []*sum
	if ok && state.Kind == lineage.KindWellState {
		one.entry.Run, around = runName(state), g.around(sums, state)
	}
	for _, to := range sums.experiments(g.within.of[measurement.ID]) {
		to.add(found)
		if !slices.Contains(around, to) {
			to.entry.Measurements++
		}
	}
	for _, to := range around {
		if to.entry.Kind == lineage.KindWellState && to.entry.FirstAt == nil {
			to.add(g.finding(state)) // the content itself is the root, which is no entry
		}
		to.entry.Measurements++
	}
}

// around are the well, plate, run, lots and experiments of a content.
func (g *grouping) around(sums *sums, state lineage.Node) []*sum {
	plate, run := g.plate(state), runName(state)
	at := g.key(state)
	well := sums.of(groupWells, at.labware.String()+"/"+at.well, lineage.Node{ID: state.ID, Kind: state.Kind, Name: labwareTitle(plate) + " " + at.well})
	if reached := timeOf(state, lineage.AttrAt); well.entry.LastAt == nil || !reached.Before(*well.entry.LastAt) {
		well.entry.ID, well.entry.Run = state.ID, run
	}
	all := []*sum{well, sums.of(groupPlates, plate.ID.String(), lineage.Node{ID: plate.ID, Kind: plate.Kind, Name: labwareTitle(plate)})}
	if node, ok := g.runs[run]; ok {
		one := sums.of(groupRuns, node.ID.String(), node)
		one.entry.Run = run
		all = append(all, one)
	}
	all = append(all, sums.experiments(g.within.of[plate.ID], g.within.of[g.runs[run].ID])...)
	ids, _, _ := origins(state) // it was read before
	lots := make(map[lineage.ID]bool)
	for _, id := range ids {
		for _, lot := range g.lots[id] {
			if !lots[lot.ID] {
				lots[lot.ID] = true
				one := sums.of(groupLots, lot.ID.String(), lot)
				one.entry.Run = runName(lot)
				all = append(all, one)
			}
		}
	}
	return all
}

// finding is what was found of the impact in one content or measurement.
type finding struct {
	share   *float64
	at      time.Time
	amounts []ConcentrationRange
}

func (g *grouping) finding(node lineage.Node) finding {
	f := finding{at: timeOf(node, lineage.AttrAt)}
	if share, ok := g.shares.of[node.ID]; ok {
		f.share = &share
	}
	for _, c := range g.amounts[node.ID] {
		f.amounts = append(f.amounts, ConcentrationRange{Analyte: c.Analyte, Unit: c.Unit, Min: c.Value, Max: c.Value})
	}
	return f
}

func compareAffected(a, b Affected) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), compareIDs(a.ID, b.ID))
}
