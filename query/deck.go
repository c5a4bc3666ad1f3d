package query

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"wellspring/lineage"
)

// The attributes of a run's graph that only its readers and writer name.
const (
	attrLiquid       = "liquid"
	attrSlot         = "slot"
	attrSlots        = "slots"
	attrLabel        = "label"
	attrStartedAt    = "startedAt"
	attrProtocolName = "protocolName"
	attrComplete     = "complete"
	attrUndeclared   = "undeclared"
	attrLast         = "last"
	attrWhat         = "what"
	attrContent      = "content"
	attrTotal        = "total"

	attrEndVolumeUl = "endVolumeUl"
)

const (
	latest    = "latest"
	minPrefix = 8       // characters of a run id that may stand for it
	mostRuns  = 100_000 // runs to look through for a prefix
)

// resolveRun finds a run by the robot's id, a unique prefix of it, or latest.
func (s *Service) resolveRun(ctx context.Context, sel selector, asOf time.Time) ([]lineage.Node, error) {
	exact, err := s.store.Nodes(ctx, []lineage.ID{lineage.RunID(sel.name), lineage.PlanID(sel.name)}, asOf)
	if err != nil {
		return nil, err
	}
	if len(exact) > 0 {
		return exact[:1], nil
	}
	runs, err := s.findAll(ctx, lineage.Find{Kind: lineage.KindRun, AsOf: asOf}, mostRuns)
	if err != nil {
		return nil, err
	}
	if sel.name == latest {
		if len(runs) == 0 {
			return nil, missing(sel.text, "", "no run was imported yet", nil)
		}
		return []lineage.Node{slices.MaxFunc(runs, compareStarted)}, nil
	}
	if len(sel.name) >= minPrefix {
		fitting := slices.Clone(runs)
		fitting = slices.DeleteFunc(fitting, func(run lineage.Node) bool {
			return !strings.HasPrefix(text(run.Attributes, lineage.AttrRun), sel.name)
		})
		if len(fitting) > 0 {
			return fitting, nil
		}
	}
	return nil, missing(sel.text, sel.name, "no run has that id; a unique beginning of at least 8 characters, or latest, will do", runs)
}

// compareStarted orders runs by the device's time, those without one first.
func compareStarted(a, b lineage.Node) int {
	return cmp.Or(instant(a, attrStartedAt).Compare(instant(b, attrStartedAt)), compareIDs(a.ID, b.ID))
}

// wellPlace is a place on the deck of a run.
type wellPlace struct {
	run     lineage.Node
	labware lineage.Node // with what the run says about it
	well    string       // as labware definitions write it
}

// labwareID is the labware's id within the run.
func (p wellPlace) labwareID() string { return text(p.labware.Attributes, lineage.AttrLabware) }

// resolveOnDeck finds labware of a run, or the last state of a well of it.
func (s *Service) resolveOnDeck(ctx context.Context, sel selector, asOf time.Time) ([]lineage.Node, error) {
	if sel.form == formLabware || sel.form == formTiprack {
		_, fitting, err := s.labwareOf(ctx, sel, asOf)
		return fitting, err
	}
	content, err := s.contentAt(ctx, sel, asOf)
	if err != nil {
		return nil, err
	}
	return []lineage.Node{content.last()}, nil
}

// placeOf finds the one place that a well selector names. Whether the labware
// has such a well is not known here.
func (s *Service) placeOf(ctx context.Context, sel selector, asOf time.Time) (wellPlace, error) {
	run, fitting, err := s.labwareOf(ctx, sel, asOf)
	if err != nil {
		return wellPlace{}, err
	}
	labware, err := one(sel.text, fitting)
	return wellPlace{run: run, labware: labware, well: wellName(sel.well)}, err
}

// labwareOf finds the run, and the labware of it that the name fits: at least one.
func (s *Service) labwareOf(ctx context.Context, sel selector, asOf time.Time) (lineage.Node, []lineage.Node, error) {
	runs, err := s.resolveRun(ctx, selector{text: sel.text, name: sel.name}, asOf)
	if err != nil {
		return lineage.Node{}, nil, err
	}
	run, err := one(sel.text, runs)
	if err != nil {
		return lineage.Node{}, nil, err
	}
	deck, err := s.deck(ctx, run, asOf)
	if err != nil {
		return lineage.Node{}, nil, err
	}
	fitting := matchLabware(deck, sel.labware)
	if len(fitting) == 0 {
		return lineage.Node{}, nil, missing(sel.text, sel.labware,
			"name labware by its id, slot, label or barcode; this run has "+deckNames(deck), deck)
	}
	return run, fitting, nil
}

// runName is the robot's id of a run, the analysis' id of a plan.
func runName(run lineage.Node) string { return text(run.Attributes, lineage.AttrRun) }

// deck is the labware that a run used, each with what the run says about it
// (its id within the run, slot, label) among its attributes.
func (s *Service) deck(ctx context.Context, run lineage.Node, asOf time.Time) ([]lineage.Node, error) {
	graph, err := s.store.Traverse(ctx, lineage.Traversal{
		Roots: []lineage.ID{run.ID}, Direction: lineage.Upstream, Types: []lineage.RelationshipType{lineage.Used},
		Depth: 1, Nodes: lineage.MaxNodes, AsOf: asOf,
	})
	if err != nil {
		return nil, err
	}
	return usedLabware(graph, run.ID), nil
}

// usedLabware are the labware nodes of a graph around a run, by slot and name.
// One plate that stood under two ids is there twice.
func usedLabware(graph lineage.Graph, run lineage.ID) []lineage.Node {
	nodes := make(map[lineage.ID]lineage.Node)
	for _, node := range graph.Nodes {
		if node.Kind == lineage.KindLabware {
			nodes[node.ID] = node.Node
		}
	}
	var deck []lineage.Node
	for _, edge := range graph.Edges {
		node, ok := nodes[edge.SourceID]
		if !ok || edge.TargetID != run || edge.RelationshipType != lineage.Used {
			continue
		}
		merged := make(lineage.Attributes, len(node.Attributes)+len(edge.Attributes))
		maps.Copy(merged, node.Attributes)
		maps.Copy(merged, edge.Attributes)
		node.Attributes = merged
		deck = append(deck, node)
	}
	slices.SortFunc(deck, func(a, b lineage.Node) int {
		return cmp.Or(
			compareSlots(text(a.Attributes, attrSlot), text(b.Attributes, attrSlot)),
			cmp.Compare(a.Name, b.Name), compareIDs(a.ID, b.ID),
		)
	})
	return deck
}

// compareSlots orders deck slots by number, then everything else by name.
func compareSlots(a, b string) int {
	number := func(slot string) int {
		if n, err := strconv.Atoi(slot); err == nil {
			return n
		}
		return 1 << 20
	}
	return cmp.Or(cmp.Compare(number(a), number(b)), cmp.Compare(a, b))
}

// matchLabware returns the labware that a name fits best: by its id within the
// run; else by slot, label or barcode; else by a slot it stood in for a time, or
// by what it is.
func matchLabware(deck []lineage.Node, name string) []lineage.Node {
	attribute := func(keys ...string) func(lineage.Node) bool {
		return func(labware lineage.Node) bool {
			return slices.ContainsFunc(keys, func(key string) bool {
				value := text(labware.Attributes, key)
				return value != "" && strings.EqualFold(value, name)
			})
		}
	}
	for _, fits := range []func(lineage.Node) bool{
		attribute(lineage.AttrLabware),
		attribute(attrSlot, attrLabel, lineage.AttrBarcode),
		func(labware lineage.Node) bool {
			return slices.Contains(texts(labware.Attributes, attrSlots), name) ||
				strings.EqualFold(labware.Name, name) || attribute("loadName")(labware)
		},
	} {
		var fitting []lineage.Node
		for _, labware := range deck {
			if fits(labware) {
				fitting = append(fitting, labware)
			}
		}
		if len(fitting) > 0 {
			return fitting
		}
	}
	return nil
}

// deckNames lists what is on the deck, for a hint.
func deckNames(deck []lineage.Node) string {
	if len(deck) == 0 {
		return "none"
	}
	names := make([]string, 0, len(deck))
	for _, labware := range deck {
		name := cmp.Or(text(labware.Attributes, attrLabel), labware.Name)
		if slot := text(labware.Attributes, attrSlot); slot != "" {
			name = slot + ": " + name
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// wellName writes a well as labware definitions do: a1 and A01 are A1.
func wellName(name string) string {
	upper := strings.ToUpper(strings.TrimSpace(name))
	row := strings.TrimRight(upper, "0123456789")
	column := strings.TrimLeft(upper[len(row):], "0")
	if row == "" || column == "" {
		return upper
	}
	return row + column
}
