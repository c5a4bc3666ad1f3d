package query

import (
	"context"
	"slices"
	"strings"
	"time"

	"wellspring/lineage"
)

// Span is a time span by the device's clocks. A zero end is open.
type Span struct {
	From time.Time // first instant in it
	To   time.Time // first instant after it
}

func (p Span) given() bool { return !p.From.IsZero() || !p.To.IsZero() }

func (p Span) has(at time.Time) bool {
	return (p.From.IsZero() || !at.Before(p.From)) && (p.To.IsZero() || at.Before(p.To))
}

// ReasonUnknownTime: something in a time span carries no time; it is counted in.
const ReasonUnknownTime = "unknown-time"

// Start is where an impact starts from.
type Start struct {
	Named []lineage.Node // what the selector names
	// Roots are what to follow: the named nodes themselves, or, of a robot, a run,
	// a plate and the like, the contents of wells that it made or held.
	Roots     []lineage.Node
	Touched   bool // Roots are contents that count as reached
	Truncated bool // there are more roots: MaxRoots, those of the newest runs first
	Reasons   []string
}

// Start finds where the impact of a selector starts from. A span keeps what was
// made within it; only who and what acted, runs and tip racks take one.
func (s *Service) Start(ctx context.Context, selector string, span Span, asOf time.Time) (Start, error) {
	named, err := s.ResolveAll(ctx, selector, asOf)
	if err != nil {
		return Start{}, err
	}
	parsed, err := parseSelector(selector)
	if err != nil {
		return Start{}, err
	}
	start := Start{Named: named}
	t := &touching{service: s, span: span, asOf: asOf, start: &start, taken: make(map[lineage.ID]bool)}
	switch node := named[0]; {
	case parsed.form == formTiprack:
		err = t.tiprack(ctx, parsed, node)
	case node.Kind == lineage.KindRun || node.Kind == lineage.KindPlan:
		err = t.runs(ctx, []lineage.Node{node}, nil)
	case node.Kind == lineage.KindPipette || node.Kind == lineage.KindModule:
		err = t.tool(ctx, node)
	case node.Kind == lineage.KindProtocol:
		err = t.runsBy(ctx, node, lineage.Used)
	case node.Kind == lineage.KindExperiment:
		err = t.experiment(ctx, node)
	case node.Kind.Class() == lineage.Agent:
		err = t.runsBy(ctx, node, lineage.PerformedBy)
	case span.given():
		return Start{}, lineage.Invalid(opResolve, selector, "a time span goes with a robot, pipette, module, software, protocol, experiment, tip rack or run")
	case node.Kind == lineage.KindLabware:
		err = t.next(ctx, node, lineage.HeldIn)
	case node.Kind == lineage.KindStep:
		err = t.next(ctx, node, lineage.GeneratedBy)
	default:
		start.Roots = named
		return start, nil
	}
	start.Touched = true
	start.Reasons = sortedSet(start.Reasons)
	return start, err
}

// From says in an answer how far its start can be trusted.
func (a Answer) From(start Start) Answer {
	reasons := slices.Concat(a.Reasons, start.Reasons)
	if start.Truncated {
		a.Truncated = true
		reasons = append(reasons, ReasonTruncated)
	}
	a.Reasons = nonNil(sortedSet(reasons))
	a.Complete, a.Explanations = len(a.Reasons) == 0, explained(a.Reasons)
	return a
}

// touching collects the contents that something made or held.
type touching struct {
	service *Service
	span    Span
	asOf    time.Time // what was known then; zero: now
	start   *Start
	taken   map[lineage.ID]bool
}

// one hop downstream of a node. A hub is cut.
func (t *touching) hop(ctx context.Context, node lineage.Node, typ lineage.RelationshipType) ([]lineage.Node, error) {
	graph, err := t.service.store.Traverse(ctx, lineage.Traversal{
		Roots: []lineage.ID{node.ID}, Direction: lineage.Downstream, Types: []lineage.RelationshipType{typ}, Depth: 1, Nodes: lineage.MaxNodes, AsOf: t.asOf,
	})
	if err != nil {
		return nil, err
	}
	t.start.Truncated = t.start.Truncated || len(graph.Nodes) >= lineage.MaxNodes
	nodes := make([]lineage.Node, 0, len(graph.Nodes))
	for _, reached := range graph.Nodes {
		if reached.ID != node.ID {
			nodes = append(nodes, reached.Node)
		}
	}
	return nodes, nil
}

// next takes the contents that hang on a node.
func (t *touching) next(ctx context.Context, node lineage.Node, typ lineage.RelationshipType) error {
	nodes, err := t.hop(ctx, node, typ)
	for _, state := range nodes {
		if state.Kind == lineage.KindWellState {
			t.take(state)
		}
	}
	return err
}

// runsBy takes what the runs made that hang on a node. Plans made nothing.
func (t *touching) runsBy(ctx context.Context, node lineage.Node, typ lineage.RelationshipType) error {
	nodes, err := t.hop(ctx, node, typ)
	if err != nil {
		return err
	}
	nodes = slices.DeleteFunc(nodes, func(n lineage.Node) bool { return n.Kind != lineage.KindRun })
	return t.runs(ctx, nodes, nil)
}

// experiment takes what was made in the runs and held in the labware of an
// experiment, and its measurements.
func (t *touching) experiment(ctx context.Context, node lineage.Node) error {
	nodes, err := t.hop(ctx, node, lineage.PartOf)
	if err != nil {
		return err
	}
	var runs []lineage.Node
	for _, part := range nodes {
		switch part.Kind {
		case lineage.KindRun:
			runs = append(runs, part)
		case lineage.KindLabware:
			err = t.next(ctx, part, lineage.HeldIn)
		case lineage.KindMeasurement:
			t.take(part)
		}
		if err != nil {
			return err
		}
	}
	return t.runs(ctx, runs, nil)
}

// tool takes what the steps made that were done with a pipette or module.
func (t *touching) tool(ctx context.Context, node lineage.Node) error {
	nodes, err := t.hop(ctx, node, lineage.PerformedBy)
	if err != nil {
		return err
	}
	return t.steps(ctx, nodes)
}

// tiprack takes what the steps made whose tips came from a rack.
func (t *touching) tiprack(ctx context.Context, sel selector, rack lineage.Node) error {
	runs, err := t.service.resolveRun(ctx, selector{text: sel.text, name: sel.name}, t.asOf)
	if err != nil {
		return err
	}
	steps, err := t.service.findAll(ctx, lineage.Find{Kind: lineage.KindStep, AsOf: t.asOf, Attrs: map[string]string{
		lineage.AttrRun: runName(runs[0]), "tiprack": labwareIDOf(rack),
	}}, lineage.MaxNodes)
	if err != nil {
		return err
	}
	return t.steps(ctx, steps)
}

// steps takes what steps made; what else is in the list is passed over.
func (t *touching) steps(ctx context.Context, steps []lineage.Node) error {
	commands := make(map[string]map[string]bool) // by run
	for _, step := range steps {
		if step.Kind != lineage.KindStep {
			continue
		}
		run := runName(step)
		if commands[run] == nil {
			commands[run] = make(map[string]bool)
		}
		commands[run][text(step.Attributes, lineage.AttrCommand)] = true
	}
	ids := make([]lineage.ID, 0, len(commands))
	for run := range commands {
		ids = append(ids, lineage.RunID(run))
	}
	if len(ids) == 0 {
		return nil
	}
	slices.SortFunc(ids, compareIDs)
	runs, err := t.service.store.Nodes(ctx, ids, t.asOf) // steps of a plan have none
	if err != nil {
		return err
	}
	return t.runs(ctx, runs, commands)
}

// runs takes what commands of runs made, the newest run first; all commands
// where none are named.
func (t *touching) runs(ctx context.Context, runs []lineage.Node, commands map[string]map[string]bool) error {
	slices.SortFunc(runs, func(a, b lineage.Node) int { return compareStarted(b, a) })
	for _, run := range runs {
		if t.apart(run) {
			continue
		}
		find := lineage.Find{Kind: lineage.KindWellState, Attrs: map[string]string{lineage.AttrRun: runName(run)}, Limit: findPage, AsOf: t.asOf}
		for more := true; more; more = find.After != "" {
			if len(t.start.Roots) >= MaxRoots {
				t.start.Truncated = true
				return nil
			}
			page, err := t.service.store.Find(ctx, find)
			if err != nil {
				return err
			}
			for _, state := range page.Nodes {
				command := strings.TrimSuffix(text(state.Attributes, lineage.AttrCommand), "/liquid")
				if command != "" && (commands == nil || commands[runName(run)][command]) {
					t.take(state)
				}
			}
			find.After = page.Next
		}
	}
	return nil
}

// apart reports whether it is known that a run was before or after the span.
func (t *touching) apart(run lineage.Node) bool {
	started, ended := timeOf(run, attrStartedAt), timeOf(run, "completedAt")
	return !t.span.To.IsZero() && !started.IsZero() && !started.Before(t.span.To) ||
		!t.span.From.IsZero() && !ended.IsZero() && ended.Before(t.span.From)
}

func (t *touching) take(state lineage.Node) {
	if t.span.given() {
		at := timeOf(state, lineage.AttrAt)
		if at.IsZero() {
			t.start.Reasons = append(t.start.Reasons, ReasonUnknownTime)
		} else if !t.span.has(at) {
			return
		}
	}
	if t.taken[state.ID] {
		return
	}
	if len(t.start.Roots) >= MaxRoots {
		t.start.Truncated = true
		return
	}
	t.taken[state.ID] = true
	t.start.Roots = append(t.start.Roots, state)
}

// timeOf is a time among the attributes, zero where there is none.
func timeOf(node lineage.Node, key string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text(node.Attributes, key))
	if err != nil {
		return time.Time{}
	}
	return at
}
