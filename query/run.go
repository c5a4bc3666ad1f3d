package query

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"wellspring/lineage"
)

// Run is what is known about one run: its header, what stood on the deck, who
// acted, and what the quality checks and the feature extraction said.
type Run struct {
	Run      lineage.Node   `json:"run"`
	Labware  []lineage.Node `json:"labware"` // by slot, with what the run says about it
	Liquids  []lineage.Node `json:"liquids"` // declared by the protocol
	Agents   []lineage.Node `json:"agents"`  // robot, pipettes, modules, software
	Sources  []lineage.Node `json:"sources"` // protocol, plan and whatever else it used
	Findings []Finding      `json:"findings"`
	// FindingsTotal is how many findings there are; more than are listed when
	// they are very many.
	FindingsTotal int             `json:"findings_total"`
	Features      json.RawMessage `json:"features"` // an object; null where there are none
	Complete      bool            `json:"complete"`
	Reasons       []string        `json:"reasons"`
	Explanations  []string        `json:"explanations"` // of each reason, in a sentence
}

// Finding is something that a person should know about a run.
type Finding struct {
	Kind    string  `json:"kind"` // underflow, overdraw, command-failed, … (docs/graph.md)
	Command string  `json:"commandId,omitempty"`
	Labware string  `json:"labware,omitempty"`
	Well    string  `json:"well,omitempty"`
	Missing float64 `json:"missing,omitempty"` // µL
	Detail  string  `json:"detail,omitempty"`
}

// Runs is one part of the list of runs.
type Runs struct {
	Runs []lineage.Node `json:"runs"`
	Next lineage.Cursor `json:"next,omitempty"`
}

// Runs lists runs in order of name, then id.
func (s *Service) Runs(ctx context.Context, after lineage.Cursor, limit int, asOf time.Time) (Runs, error) {
	page, err := s.store.Find(ctx, lineage.Find{Kind: lineage.KindRun, After: after, Limit: limit, AsOf: asOf})
	return Runs{Runs: nonNil(page.Nodes), Next: page.Next}, err
}

// Run answers for one run: a RUN as in a selector, or its node's id.
func (s *Service) Run(ctx context.Context, selector string, asOf time.Time) (Run, error) {
	run, err := s.runNode(ctx, selector, asOf)
	if err != nil {
		return Run{}, err
	}
	graph, err := s.store.Traverse(ctx, lineage.Traversal{
		Roots: []lineage.ID{run.ID}, Direction: lineage.Upstream, Depth: 1, Nodes: lineage.MaxNodes, AsOf: asOf,
		Types: []lineage.RelationshipType{lineage.Used, lineage.PerformedBy, lineage.PlannedBy},
	})
	if err != nil {
		return Run{}, err
	}
	answer := Run{Run: run, Labware: nonNil(usedLabware(graph, run.ID)), Agents: []lineage.Node{}, Sources: []lineage.Node{}}
	for _, node := range graph.Nodes {
		switch {
		case node.ID == run.ID || node.Kind == lineage.KindLabware:
		case node.Kind == lineage.KindWellState: // what its plates came with: see Well
		case node.Kind.Class() == lineage.Agent:
			answer.Agents = append(answer.Agents, node.Node)
		default:
			answer.Sources = append(answer.Sources, node.Node)
		}
	}
	sortByName(answer.Agents)
	sortByName(answer.Sources)
	of := map[string]string{lineage.AttrRun: runName(run)}
	if answer.Liquids, err = s.findAll(ctx, lineage.Find{Kind: lineage.KindLot, Attrs: of, AsOf: asOf}, lineage.MaxNodes); err != nil {
		return Run{}, err
	}
	if err := s.readDatasets(ctx, &answer, of, asOf); err != nil {
		return Run{}, err
	}
	answer.Reasons = sortedSet(append([]string{}, runGaps(run)...))
	answer.Complete, answer.Explanations = len(answer.Reasons) == 0, explained(answer.Reasons)
	return answer, nil
}

// readDatasets reads the findings and the features of a run.
func (s *Service) readDatasets(ctx context.Context, answer *Run, of map[string]string, asOf time.Time) error {
	answer.Findings, answer.Features = []Finding{}, json.RawMessage("null")
	datasets, err := s.findAll(ctx, lineage.Find{Kind: lineage.KindDataset, Attrs: of, AsOf: asOf}, lineage.MaxNodes)
	if err != nil {
		return err
	}
	for _, dataset := range datasets {
		content := text(dataset.Attributes, attrContent)
		if content == "" {
			continue // over the bound on content
		}
		if !json.Valid([]byte(content)) {
			return damagedDataset(dataset, nil)
		}
		switch text(dataset.Attributes, attrWhat) {
		case "findings":
			if err := json.Unmarshal([]byte(content), &answer.Findings); err != nil {
				return damagedDataset(dataset, err)
			}
			answer.FindingsTotal = len(answer.Findings)
			if total := number(dataset.Attributes, attrTotal); total != nil {
				answer.FindingsTotal = int(*total)
			}
		case "features":
			answer.Features = json.RawMessage(content)
		}
	}
	return nil
}

func damagedDataset(dataset lineage.Node, err error) error {
	return &lineage.Error{Op: "read run", Kind: lineage.ErrorInternal, ID: dataset.ID.String(),
		Hint: "the content of a dataset is damaged: rebuild the graph of its run", Err: err}
}

// runNode resolves a selector that must name a run or a plan.
func (s *Service) runNode(ctx context.Context, selector string, asOf time.Time) (lineage.Node, error) {
	node, err := s.Resolve(ctx, selector, asOf)
	if err != nil {
		return lineage.Node{}, err
	}
	if node.Kind != lineage.KindRun && node.Kind != lineage.KindPlan {
		return lineage.Node{}, lineage.Invalid("find run", selector, "that is a "+string(node.Kind)+": name a run")
	}
	return node, nil
}

// Node is a node with its edges.
type Node struct {
	Node      lineage.Node   `json:"node"`
	Edges     []lineage.Edge `json:"edges"`     // on either side, in order of key
	Truncated bool           `json:"truncated"` // it has more edges
}

// MaxEdges is how many of its edges Node lists.
const MaxEdges = 1000

// Node returns a node by id, as of a time (zero: now).
func (s *Service) Node(ctx context.Context, id lineage.ID, asOf time.Time) (Node, error) {
	nodes, err := s.nodes(ctx, []lineage.ID{id}, asOf)
	if err != nil {
		return Node{}, err
	}
	edges, more, err := s.store.Edges(ctx, id, MaxEdges, asOf)
	return Node{Node: nodes[0], Edges: nonNil(edges), Truncated: more}, err
}

// History returns the revisions of a node and of its edges, oldest first.
func (s *Service) History(ctx context.Context, id lineage.ID) ([]lineage.Revision, error) {
	revisions, err := s.store.History(ctx, id)
	if err == nil && len(revisions) == 0 {
		return nil, lineage.NotFound("read history", id.String(), "the graph never had such a node")
	}
	return revisions, err
}

func sortByName(nodes []lineage.Node) {
	slices.SortFunc(nodes, func(a, b lineage.Node) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), compareIDs(a.ID, b.ID))
	})
}

// nonNil makes an empty list of none, which JSON writes as [] and not as null.
func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
