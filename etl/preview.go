package etl

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"wellspring/bench"
	"wellspring/etl/benchindex"
	"wellspring/etl/project"
	"wellspring/graphstore"
	"wellspring/ingest"
	"wellspring/ingest/journal"
	"wellspring/lineage"
	"wellspring/liquid"
	"wellspring/ot2"
)

// Candidate is labware of an earlier run that might be the same plate. It is a
// suggestion to confirm, never an identity.
type Candidate = benchindex.Candidate

// Candidates suggests, for labware of a run whose identity nobody declared, what
// stood in the same slot with the same definition earlier on the same day.
func (p *Pipeline) Candidates(ctx context.Context, run string) ([]Candidate, error) {
	return p.config.Bench.Candidates(ctx, run)
}

// Preview is what a manifest would change.
type Preview struct {
	Owner        lineage.Owner `json:"owner"`     // that it would be filed under
	Duplicate    bool          `json:"duplicate"` // it was taken before: nothing would change
	Declarations int           `json:"declarations"`
	// Changes are those of the manifest's own part and of each run and reading
	// that would be derived again.
	Changes   []OwnerChange `json:"changes"`
	Truncated bool          `json:"truncated"` // there are more than are listed
}

// OwnerChange is what would change in one owner's part of the graph.
type OwnerChange struct {
	Owner    lineage.Owner    `json:"owner"`
	Applied  lineage.Applied  `json:"applied"`
	Facts    []Fact           `json:"facts"`    // what would be said anew, otherwise or no longer
	Contents []Named          `json:"contents"` // of wells, that would be others: new, changed or gone
	Findings []liquid.Finding `json:"findings"` // that would be new: a row that fits nothing, a plate claimed twice
}

// Fact is a relationship that a person would want to know of: who filled a well,
// which plate it is, which plan was carried out, what was measured.
type Fact struct {
	Change           string                   `json:"change"` // added, changed, retracted
	RelationshipType lineage.RelationshipType `json:"relationship_type"`
	Source           Named                    `json:"source"`
	Target           Named                    `json:"target"`
}

// Named is a node by its name.
type Named struct {
	ID   lineage.ID   `json:"id"`
	Kind lineage.Kind `json:"kind"`
	Name string       `json:"name"`
}

// The bounds of a preview.
const (
	maxPreviewOwners = 1000
	maxPreviewFacts  = 1000 // of one owner
)

// copier is what a preview needs beside an index: another one to write to.
type copier interface {
	CopyBench(ctx context.Context) (*benchindex.Index, func() error, error)
}

// Preview says what a manifest would change, and changes nothing: everything
// that depends on it is derived on a copy of the bench index and compared with
// the graph. Errors are those of the manifest.
func (p *Pipeline) Preview(ctx context.Context, manifest []byte) (_ Preview, err error) {
	const op = "preview declarations"
	copies, ok := p.config.States.(copier)
	if !ok {
		return Preview{}, &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, Hint: "these processing states can't be copied"}
	}
	sum := sha256.Sum256(manifest)
	answer := Preview{Owner: lineage.Owner("manifest:" + hex.EncodeToString(sum[:])), Changes: []OwnerChange{}}
	declarations, err := bench.DecodeManifest(string(answer.Owner), manifest, p.config.BenchLimits)
	if err != nil {
		return Preview{}, err
	}
	answer.Declarations = len(declarations)
	before, err := p.config.Journal.Subject(ctx, string(answer.Owner))
	if _, damaged := journal.DamagedAt(err); err != nil && !damaged {
		return Preview{}, err
	}
	if answer.Duplicate = len(before) > 0; answer.Duplicate {
		return answer, nil
	}
	index, discard, err := copies.CopyBench(ctx)
	if err != nil {
		return Preview{}, err
	}
	defer func() { err = errors.Join(err, discard()) }()
	config := p.config
	config.Bench = index
	r := rehearsal{p: p, projectors: projectors(config), at: p.config.Clock()}
	record, err := r.record(answer.Owner, manifest)
	if err != nil {
		return Preview{}, err
	}
	waiting, met := []lineage.Owner{answer.Owner}, map[lineage.Owner]int{}
	for len(waiting) > 0 {
		owner := waiting[0]
		waiting = waiting[1:]
		if met[owner] == 0 && len(met) == maxPreviewOwners {
			answer.Truncated = true
			break
		}
		records := []journal.Record{record}
		if owner != answer.Owner {
			if records, err = r.records(ctx, owner); err != nil {
				return Preview{}, err
			}
		}
		change, again, cut, err := r.derive(ctx, owner, records)
		if err != nil {
			return Preview{}, err
		}
		answer.Truncated = answer.Truncated || cut
		switch at := met[owner]; {
		case at > 0: // its last word counts
			answer.Changes[at-1] = change
		default:
			answer.Changes = append(answer.Changes, change)
			met[owner] = len(answer.Changes)
		}
		for _, next := range again {
			if !slices.Contains(waiting, next) {
				waiting = append(waiting, next)
			}
		}
	}
	return answer, nil
}

// rehearsal derives owners without loading them.
type rehearsal struct {
	p          *Pipeline
	projectors map[string]Projector
	at         time.Time
}

// record is the manifest as the journal would hold it.
func (r rehearsal) record(owner lineage.Owner, manifest []byte) (journal.Record, error) {
	event := cloudevents.New()
	event.SetID(string(owner))
	event.SetSource("/preview")
	event.SetType(ingest.TypeManifest)
	event.SetSubject(string(owner))
	data, _ := ot2.Redact(manifest)
	if err := event.SetData("text/plain", data); err != nil {
		return journal.Record{}, &lineage.Error{Op: "preview declarations", Kind: lineage.ErrorInternal, Err: err}
	}
	return journal.Record{AppendedAt: r.at, Envelope: ingest.Envelope{Event: event, Observed: r.at}}, nil
}

// records are an owner's living ones.
func (r rehearsal) records(ctx context.Context, owner lineage.Owner) ([]journal.Record, error) {
	records, err := r.p.config.Journal.Subject(ctx, string(owner))
	if _, damaged := journal.DamagedAt(err); err != nil && !damaged {
		return nil, err
	}
	return slices.DeleteFunc(records, func(record journal.Record) bool {
		_, dead := r.p.graves.why(record.Position)
		return dead
	}), nil
}

// derive says how an owner's part of the graph would change, which owners would
// be derived again because of that, and whether the change is listed in part.
func (r rehearsal) derive(ctx context.Context, owner lineage.Owner, records []journal.Record) (OwnerChange, []lineage.Owner, bool, error) {
	derived := Derived{Projection: lineage.Projection{Owner: owner}}
	if len(records) > 0 {
		projector, known := r.projectors[records[0].Envelope.Event.Type()]
		if !known {
			return OwnerChange{}, nil, false, lineage.Invalid("preview declarations", string(owner), "this version does not know envelopes of its type")
		}
		fragments := make([]Fragment, len(records))
		for i, record := range records {
			var err error
			if fragments[i], err = projector.Extract(ctx, record); err != nil {
				return OwnerChange{}, nil, false, err
			}
		}
		var err error
		if derived, err = projector.Transform(ctx, owner, fragments); err != nil {
			return OwnerChange{}, nil, false, err
		}
	}
	change, cut, err := r.compare(ctx, derived.Projection)
	if err != nil || derived.Keep == nil {
		return change, nil, cut, err
	}
	again, err := derived.Keep(ctx, r.at)
	return change, again, cut, err
}

// compare holds what an owner would say against what the graph has of it.
func (r rehearsal) compare(ctx context.Context, projection lineage.Projection) (OwnerChange, bool, error) {
	owned, err := r.p.config.Store.Owned(ctx, projection.Owner)
	if err != nil {
		return OwnerChange{}, false, err
	}
	held, err := manifestOf(owned)
	if err != nil {
		return OwnerChange{}, false, err
	}
	differences, err := graphstore.Diff(held, projection)
	if err != nil {
		return OwnerChange{}, false, err
	}
	change := OwnerChange{Owner: projection.Owner, Applied: differences.Applied()}
	if change.Findings, err = newFindings(owned, projection); err != nil {
		return OwnerChange{}, false, err
	}
	change.Facts, err = r.facts(ctx, owned, projection, differences)
	change.Contents = contents(owned, differences)
	cut := len(change.Facts) > maxPreviewFacts || len(change.Contents) > maxPreviewFacts
	change.Facts = change.Facts[:min(len(change.Facts), maxPreviewFacts)]
	change.Contents = change.Contents[:min(len(change.Contents), maxPreviewFacts)]
	return change, cut, err
}

// contents are the well states that would change, by name.
func contents(owned lineage.Projection, differences graphstore.Changes) []Named {
	changed := []Named{}
	for _, n := range slices.Concat(differences.AddNodes, differences.ChangeNodes) {
		if n.Kind == lineage.KindWellState {
			changed = append(changed, Named{n.ID, n.Kind, n.Name})
		}
	}
	for _, n := range owned.Nodes {
		if n.Kind == lineage.KindWellState && slices.Contains(differences.RetractNodes, n.ID) {
			changed = append(changed, Named{n.ID, n.Kind, n.Name})
		}
	}
	slices.SortFunc(changed, func(a, b Named) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), strings.Compare(a.ID.String(), b.ID.String()))
	})
	return changed
}

// facts are the changed relationships that say something to a person.
func (r rehearsal) facts(ctx context.Context, owned, projection lineage.Projection, differences graphstore.Changes) ([]Fact, error) {
	keys := map[string][]lineage.EdgeKey{"retracted": differences.RetractEdges}
	for _, e := range differences.AddEdges {
		keys["added"] = append(keys["added"], e.Key())
	}
	for _, e := range differences.ChangeEdges {
		keys["changed"] = append(keys["changed"], e.Key())
	}
	named := map[lineage.ID]Named{}
	for _, n := range slices.Concat(owned.Nodes, projection.Nodes) {
		named[n.ID] = Named{n.ID, n.Kind, n.Name}
	}
	var unknown []lineage.ID
	for _, all := range keys {
		for _, k := range all {
			for _, end := range []lineage.ID{k.SourceID, k.TargetID} {
				if _, ok := named[end]; !ok {
					unknown = append(unknown, end)
				}
			}
		}
	}
	others, err := r.p.config.Store.Nodes(ctx, unknown, time.Time{})
	if err != nil {
		return nil, err
	}
	for _, n := range others {
		named[n.ID] = Named{n.ID, n.Kind, n.Name}
	}
	facts := []Fact{}
	for change, all := range keys {
		for _, k := range all {
			if tells(k.RelationshipType, named[k.SourceID].Kind, named[k.TargetID].Kind) {
				facts = append(facts, Fact{Change: change, RelationshipType: k.RelationshipType, Source: named[k.SourceID], Target: named[k.TargetID]})
			}
		}
	}
	slices.SortFunc(facts, func(a, b Fact) int {
		return cmp.Or(cmp.Compare(a.RelationshipType, b.RelationshipType), cmp.Compare(a.Target.Name, b.Target.Name),
			strings.Compare(a.Target.ID.String(), b.Target.ID.String()), cmp.Compare(b.Change, a.Change), cmp.Compare(a.Source.Name, b.Source.Name))
	})
	return facts, nil
}

// tells reports whether a relationship is a fact for people: who filled a well,
// what came with a plate, which plate it is, which plan, which experiment, what was measured.
func tells(t lineage.RelationshipType, source, target lineage.Kind) bool {
	switch t {
	case lineage.DerivedFrom:
		return source == lineage.KindLot || source == lineage.KindSample
	case lineage.Used:
		return target == lineage.KindRun && (source == lineage.KindLabware || source == lineage.KindWellState)
	case lineage.PlannedBy, lineage.MeasuredFrom:
		return true
	case lineage.PartOf:
		return source == lineage.KindExperiment
	}
	return false
}

// newFindings are those that an owner would have and has not yet.
func newFindings(owned, projection lineage.Projection) ([]liquid.Finding, error) {
	before, err := findingsOf(owned)
	if err != nil {
		return nil, err
	}
	after, err := findingsOf(projection)
	if err != nil {
		return nil, err
	}
	return append([]liquid.Finding{}, slices.DeleteFunc(after, func(f liquid.Finding) bool { return slices.Contains(before, f) })...), nil
}

func findingsOf(projection lineage.Projection) ([]liquid.Finding, error) {
	for _, n := range projection.Nodes {
		content, _ := n.Attributes["content"].(string)
		if n.ID != project.DatasetID(projection.Owner, project.Findings) || content == "" {
			continue
		}
		var findings []liquid.Finding
		if err := json.Unmarshal([]byte(content), &findings); err != nil {
			return nil, &lineage.Error{Op: "preview declarations", Kind: lineage.ErrorInternal, ID: n.ID.String(), Hint: "rebuild the graph of its owner", Err: err}
		}
		return findings, nil
	}
	return nil, nil
}
