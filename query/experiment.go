package query

import (
	"context"
	"slices"
	"time"

	"wellspring/lineage"
)

// Experiments is one part of the list of experiments.
type Experiments struct {
	Experiments []lineage.Node `json:"experiments"`
	Next        lineage.Cursor `json:"next,omitempty"`
}

// Experiment is what was declared to be part of one experiment, and what came of it.
type Experiment struct {
	Experiment lineage.Node   `json:"experiment"` // with the title that people gave it
	Runs       []lineage.Node `json:"runs"`       // and plans; by start
	Labware    []lineage.Node `json:"labware"`    // by name
	// Readings are those that are part of it themselves, and those of contents that
	// its runs made or its labware held; by name.
	Readings []lineage.Node `json:"readings"`
	// Touched groups what its runs made and its labware held, and what that came into.
	Touched   Groups `json:"touched"`
	Truncated bool   `json:"truncated"` // a bound cut a list
}

// Experiments lists those that anything was declared to be part of, in order of
// name, then id.
func (s *Service) Experiments(ctx context.Context, after lineage.Cursor, limit int, asOf time.Time) (Experiments, error) {
	page, err := s.store.Find(ctx, lineage.Find{Kind: lineage.KindExperiment, After: after, Limit: limit, AsOf: asOf})
	return Experiments{Experiments: nonNil(page.Nodes), Next: page.Next}, err
}

// Experiment answers for one experiment: experiment:NAME, or its id.
func (s *Service) Experiment(ctx context.Context, selector string, asOf time.Time) (Experiment, error) {
	experiment, err := s.Resolve(ctx, selector, asOf)
	if err != nil {
		return Experiment{}, err
	}
	if experiment.Kind != lineage.KindExperiment {
		return Experiment{}, lineage.Invalid("show experiment", selector, "that is a "+string(experiment.Kind)+": name it as experiment:NAME")
	}
	members, err := s.store.Traverse(ctx, lineage.Traversal{Roots: []lineage.ID{experiment.ID}, Direction: lineage.Downstream,
		Types: []lineage.RelationshipType{lineage.PartOf}, Depth: 1, Nodes: lineage.MaxNodes, AsOf: asOf})
	if err != nil {
		return Experiment{}, err
	}
	title := ""
	for _, edge := range members.Edges {
		title = max(title, text(edge.Attributes, attrTitle))
	}
	answer := Experiment{Experiment: titled(experiment, title), Runs: []lineage.Node{}, Labware: []lineage.Node{}, Readings: []lineage.Node{}, Truncated: len(members.Nodes) >= lineage.MaxNodes}
	read := map[lineage.ID]bool{}
	for _, node := range members.Nodes {
		switch node.Kind {
		case lineage.KindRun, lineage.KindPlan:
			answer.Runs = append(answer.Runs, node.Node)
		case lineage.KindLabware:
			answer.Labware = append(answer.Labware, node.Node)
		case lineage.KindMeasurement:
			answer.Readings, read[node.ID] = append(answer.Readings, node.Node), true
		}
	}
	slices.SortFunc(answer.Runs, compareStarted)
	if err := s.nameByPlan(ctx, answer.Runs, asOf); err != nil {
		return Experiment{}, err
	}
	sortByName(answer.Labware)
	touched, err := s.Summarize(ctx, SummaryAsk{Selector: experiment.ID.String(), Limit: MaxLimit, AsOf: asOf})
	if err != nil {
		return Experiment{}, err
	}
	answer.Touched, answer.Truncated = touched.Affected, answer.Truncated || touched.Truncated
	var more []lineage.ID
	for _, reading := range touched.Affected.Measurements {
		if !read[reading.ID] {
			more = append(more, reading.ID)
		}
	}
	for ids := range slices.Chunk(more, lineage.MaxPage) {
		found, err := s.store.Nodes(ctx, ids, asOf)
		if err != nil {
			return Experiment{}, err
		}
		answer.Readings = append(answer.Readings, found...)
	}
	sortByName(answer.Readings)
	return answer, nil
}
