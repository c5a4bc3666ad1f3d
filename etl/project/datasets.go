package project

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"wellspring/lineage"
	"wellspring/liquid"
)

// RunRecords is the content of a run's records dataset: what was extracted.
type RunRecords struct {
	Commands  int            `json:"commands"`
	Statuses  map[string]int `json:"statuses"` // of commands
	Types     map[string]int `json:"types"`    // of commands
	Pipettes  int            `json:"pipettes"`
	Labware   int            `json:"labware"`
	Modules   int            `json:"modules"`
	Liquids   int            `json:"liquids"`
	RunErrors int            `json:"runErrors"`
}

// datasets adds what our own processing made of the run: the extracted
// records, the findings and the features.
func (b *builder) datasets() {
	owner := b.ownerName()
	processing := ProcessingID(owner, b.options.CodeVersion)
	b.node(processing, lineage.KindProcessing, "processing of "+b.activityName(), attributes{}.
		text(lineage.AttrRun, b.key).
		text("codeVersion", b.options.CodeVersion).
		text("parameters", fmt.Sprintf("gap=%s jitter=%s balanceUl=%g", b.options.Quality.Gap, b.options.Quality.Jitter, b.options.Quality.BalanceUl)))
	b.edge(processing, b.hangsOn(), b.activityID(), lineage.ID{}, nil)

	records := b.dataset(Records, b.records, attributes{}.text("sha256", b.recordsHash))
	b.edge(processing, lineage.Used, records, lineage.ID{}, nil)
	if !b.run.Plan {
		b.edge(records, lineage.GeneratedBy, b.activityID(), lineage.ID{}, nil)
	} else {
		b.edge(records, lineage.DerivedFrom, b.activityID(), lineage.ID{}, nil)
	}
	findings, shown := b.findings()
	for _, made := range []lineage.ID{
		b.dataset(Findings, findings, shown),
		b.dataset(Features, b.runFeatures(), attributes{}),
	} {
		b.edge(made, lineage.GeneratedBy, processing, lineage.ID{}, nil)
		b.edge(made, lineage.DerivedFrom, records, lineage.ID{}, nil)
	}
}

// hangsOn: an activity is informed by an activity, and uses an entity (a plan).
func (b *builder) hangsOn() lineage.RelationshipType {
	if b.run.Plan {
		return lineage.Used
	}
	return lineage.InformedBy
}

func (b *builder) ownerName() lineage.Owner {
	if b.run.Plan {
		return lineage.PlanOwner(b.key)
	}
	return lineage.RunOwner(b.key)
}

// dataset adds a dataset with its content as JSON. Content over the bound is
// left out, and truncated says so.
func (b *builder) dataset(what string, content any, attrs attributes) lineage.ID {
	id := DatasetID(b.ownerName(), what)
	text, err := json.Marshal(content)
	if err != nil {
		b.fail(&lineage.Error{Op: "project run", Kind: lineage.ErrorInternal, ID: what, Err: err})
		return id
	}
	if attrs["truncated"] == nil {
		attrs["truncated"] = false
	}
	if len(text) > b.options.ContentBytes {
		text, attrs["truncated"] = nil, true
	}
	b.node(id, lineage.KindDataset, what+" of "+b.activityName(),
		attrs.text(lineage.AttrRun, b.key).text("what", what).text("content", string(text)))
	return id
}

// findings returns the findings that fit, and attributes that say how many
// there are of which kinds, whether they fit or not.
func (b *builder) findings() ([]liquid.Finding, attributes) {
	kinds := map[string]bool{}
	for _, f := range b.report.Findings {
		kinds[f.Kind] = true
	}
	fit, size := make([]liquid.Finding, 0, len(b.report.Findings)), 2
	for _, f := range b.report.Findings {
		text, err := json.Marshal(f)
		if err != nil {
			b.fail(&lineage.Error{Op: "project run", Kind: lineage.ErrorInternal, ID: Findings, Err: err})
			break
		}
		if size += len(text) + 1; size > b.options.ContentBytes {
			break
		}
		fit = append(fit, f)
	}
	attrs := attributes{}.
		number("total", float64(len(b.report.Findings))).
		texts("kinds", slices.Sorted(maps.Keys(kinds)))
	attrs["truncated"] = len(fit) < len(b.report.Findings)
	return fit, attrs
}

func (b *builder) recorded() RunRecords {
	r := RunRecords{
		Commands: len(b.run.Commands), Statuses: map[string]int{}, Types: map[string]int{},
		Pipettes: len(b.run.Pipettes), Labware: len(b.run.Labware), Modules: len(b.run.Modules),
		Liquids: len(b.run.Liquids), RunErrors: len(b.run.Errors),
	}
	for _, c := range b.run.Commands {
		r.Statuses[c.Status]++
		r.Types[c.Type]++
	}
	return r
}

// hashed is the SHA-256 of the merged run as JSON: the same however the
// run arrived. Where secrets stood in the documents is not part of the run, nor
// whether the robot still held it when it was read.
func (b *builder) hashed() string {
	run := b.run
	run.Redacted, run.Current = nil, false
	hash := sha256.New()
	encoder := json.NewEncoder(hash)
	commands := run.Commands
	run.Commands = nil
	b.encode(encoder, run)
	for _, c := range commands { // one at a time: a large run is not held twice
		b.encode(encoder, c)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

func (b *builder) encode(encoder *json.Encoder, v any) {
	if err := encoder.Encode(v); err != nil {
		b.fail(&lineage.Error{Op: "project run", Kind: lineage.ErrorInvalid, ID: Records, Hint: "the record holds a value that JSON can't", Err: err})
	}
}
