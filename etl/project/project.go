// Package project turns what the fold says about a run into a part of the
// lineage graph: nodes, typed relationships, findings and features.
//
// On the road of a fact it is the second half of transform: package liquid
// says what happened, this package says it in the graph's language, as
// docs/graph.md describes it.
//
// It refuses to depend on when or in which order something was heard: a
// projection is a pure function of the run, its outcome and the options.
package project

import (
	"slices"
	"strings"
	"time"

	"wellspring/etl/benchindex"
	"wellspring/etl/declared"
	"wellspring/etl/quality"
	"wellspring/lineage"
	"wellspring/liquid"
	"wellspring/ot2"
)

// Options of a projection.
type Options struct {
	// Definitions tells the category and the grid of labware whose log carries
	// no definition. May be nil.
	Definitions ot2.Definitions
	// Quality holds the thresholds of the checks.
	Quality quality.Options
	// CodeVersion is the version of this program: the Processing node's identity.
	CodeVersion string
	// PlannedBy is the id of the analysis that the run carried out, where that is
	// known. Empty: no PLANNED_BY. The analysis must be in the store by then.
	PlannedBy string
	// Declared is what people say about the run.
	Declared Declared
	// ContentBytes bounds the JSON of a Dataset. Default 256 KiB.
	ContentBytes int
}

// Declared is what people say about a run, resolved to what the run has.
type Declared struct {
	Barcodes    map[string]string              // physical identity, by labware id within the run
	Fills       []declared.Fill                // lots and samples that first states are
	Volumes     map[string]benchindex.Declared // corrected volumes, by command id
	Inherits    map[liquid.Place]liquid.Content
	Experiments []declared.Membership // of the run and of its labware
	Findings    []liquid.Finding
	Owners      []lineage.Owner // of the documents that say so, sorted
}

// Owner kinds by prefix of the owner's name.
const (
	runPrefix  = "run:"
	planPrefix = "plan:"
)

// Key returns the id that an owner's nodes are named after: the robot's run or
// analysis id, as the door found it.
func Key(owner lineage.Owner) string {
	_, key, _ := strings.Cut(string(owner), ":")
	return key
}

// Project returns the owner's part of the graph, sorted. The owner names the
// run: an analysis written by the command line has no id of its own.
func Project(owner lineage.Owner, run ot2.Run, outcome liquid.Outcome, options Options) (lineage.Projection, error) {
	const op = "project run"
	prefix := runPrefix
	if run.Plan {
		prefix = planPrefix
	}
	if !strings.HasPrefix(string(owner), prefix) || len(owner) == len(prefix) {
		return lineage.Projection{}, lineage.Invalid(op, string(owner), "file a run under "+runPrefix+"<id> and an analysis under "+planPrefix+"<id>")
	}
	if options.ContentBytes <= 0 {
		options.ContentBytes = 256 << 10
	}
	options.Quality = options.Quality.WithDefaults()
	b := &builder{
		run: run, outcome: outcome, options: options,
		key:    Key(owner),
		report: quality.Check(run, outcome, options.Quality, declared.Filled(options.Declared.Fills), options.Declared.Findings...),
		known:  map[lineage.ID]int{},
		labels: map[string]string{}, steps: make(map[string]told, len(outcome.Steps)), shared: map[any]attributes{},
		stateIDs: make(map[liquid.StateKey]lineage.ID, len(outcome.States)),
		filled:   declared.Filled(options.Declared.Fills),
	}
	b.index()
	b.activity()
	b.agents()
	b.labware()
	b.run.Commands = nil // whoever gave a long run need not hold it any longer
	b.liquids()
	b.fills()
	b.experiments()
	b.inherited()
	b.stepNodes()
	b.states()
	b.carried()
	b.datasets()
	if b.err != nil {
		return lineage.Projection{}, b.err
	}
	return b.projection(owner), nil
}

// builder collects one projection.
type builder struct {
	run     ot2.Run // its commands until steps, records and span say what is to be known of them
	outcome liquid.Outcome
	options Options
	key     string // names the run in ids and attributes
	report  quality.Report

	nodes []lineage.Node
	known map[lineage.ID]int // where a node stands in nodes
	edges []lineage.Edge     // one may come several times: the last counts
	err   error

	filled   map[liquid.StateKey]bool // first states that somebody declared
	labels   map[string]string        // of labware, for people, by its id in the run
	steps    map[string]told          // by command id: those that are steps
	stateIDs map[liquid.StateKey]lineage.ID
	shared   map[any]attributes // of edges that say the same, by what they say

	start, end  time.Time // of the run
	records     RunRecords
	recordsHash string
}

// told is what the record tells of a step, and the fold does not.
type told struct{ key, module, tiprack string }

// index takes from the commands what is asked for later.
func (b *builder) index() {
	b.start, b.end = span(b.run)
	b.records, b.recordsHash = b.recorded(), b.hashed()
	for _, s := range b.outcome.Steps {
		b.steps[s.Command] = told{}
	}
	for _, c := range b.run.Commands {
		if step, is := b.steps[c.ID]; is {
			step.key, step.module = c.Key, c.Params.ModuleID
			b.steps[c.ID] = step
		}
	}
	b.tipracks()
}

// node adds a node. Several places may name a shared one; the first wins, they
// say the same.
func (b *builder) node(id lineage.ID, kind lineage.Kind, name string, attrs attributes) {
	if _, known := b.known[id]; known {
		return
	}
	b.known[id] = len(b.nodes)
	b.nodes = append(b.nodes, lineage.Node{ID: id, Kind: kind, Name: name, Attributes: lineage.Attributes(attrs)})
}

// edge adds: target depends on source.
func (b *builder) edge(target lineage.ID, typ lineage.RelationshipType, source, transformation lineage.ID, attrs attributes) {
	b.edges = append(b.edges, lineage.Edge{
		SourceID: source, TargetID: target, RelationshipType: typ,
		TransformationID: transformation, Attributes: lineage.Attributes(attrs),
	})
}

// alike returns one and the same attributes for all edges that say the same.
func (b *builder) alike(what any, attrs func() attributes) attributes {
	known, ok := b.shared[what]
	if !ok {
		known = attrs()
		b.shared[what] = known
	}
	return known
}

func (b *builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *builder) projection(owner lineage.Owner) lineage.Projection {
	p := lineage.Projection{Owner: owner, Nodes: b.nodes, Edges: b.edges}
	// Stable, and the last first: of an edge that came several times the first counts.
	slices.Reverse(p.Edges)
	slices.SortStableFunc(p.Edges, func(a, b lineage.Edge) int { return a.Key().Compare(b.Key()) })
	p.Edges = slices.CompactFunc(p.Edges, func(a, b lineage.Edge) bool { return a.Key() == b.Key() })
	p.Sort()
	return p
}
