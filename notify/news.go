package notify

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"wellspring/etl"
	"wellspring/etl/quality"
	"wellspring/ingest/journal"
	"wellspring/lineage"
	"wellspring/liquid"
	"wellspring/ot2"
)

// told is what was told of an owner. News is what is true now and not in it.
type told struct {
	Status   string   `json:"status,omitempty"`   // of a run that ended
	Findings []string `json:"findings,omitempty"` // kinds, sorted
	Result   string   `json:"result,omitempty"`   // SHA-256 of the results, once there are any to tell
	Whole    bool     `json:"whole,omitempty"`    // all of the owner's own record was there
	Alarms   []string `json:"alarms,omitempty"`   // of a robot
}

// mostPlaces is how many places a notice of a finding names.
const mostPlaces = 10

// news compares what a processing made of an owner with what was told of it. A nil
// before: nothing was. It is a pure function.
func news(before *told, e etl.Ending) (after told, drafts []draft) {
	if before != nil {
		after = *before
	}
	p := e.Projection
	if p == nil {
		return after, nil
	}
	if run := runOf(p); run != nil {
		after, drafts = newsOfRun(before, after, run, e)
	} else if strings.HasPrefix(string(p.Owner), "measurement:") {
		after.Whole = true
		after.Result = resultHash(p)
		drafts = changed(before, after, nil, e)
	}
	return after, drafts
}

func newsOfRun(before *told, after told, run *lineage.Node, e etl.Ending) (told, []draft) {
	status := text(run, "status")
	ended := ot2.Run{Status: status}.Ended()
	drafts, kinds := findings(after.Findings, run, e, ended)
	if before == nil && e.SaidAt.IsZero() {
		drafts = nil // an old run of which only others said something: what is wrong with it is no news
	}
	after.Findings = kinds
	if !ended {
		return after, drafts
	}
	if status != after.Status {
		kind := RunEnded
		if status == "failed" {
			kind = RunFailed
		}
		drafts = append(drafts, draft{kind: kind, subject: string(e.Projection.Owner), at: e.SaidAt,
			id: newID(string(e.Projection.Owner), string(kind), status, e.SaidAt.String()), data: runData(run)})
	}
	after.Status, after.Whole, after.Result = status, whole(run), resultHash(e.Projection)
	return after, append(drafts, changed(before, after, run, e)...)
}

// changed is the notice of a result that is another than was told. What the rest of
// a run's own record brings is none: it was known that there is more to come.
func changed(before *told, after told, run *lineage.Node, e etl.Ending) []draft {
	cause := "record"
	if e.Others {
		cause = "others"
	}
	switch applied := e.Processing.Applied; {
	case before == nil:
		// Nobody wrote down what it was. The graph knew it, if anything was replaced.
		if cause == "record" || applied.NodesChanged+applied.NodesRetracted+applied.EdgesChanged+applied.EdgesRetracted == 0 {
			return nil
		}
		before = &told{}
	case before.Result == "" || before.Result == after.Result || cause == "record" && !before.Whole:
		return nil
	}
	owner := string(e.Projection.Owner)
	d := ResultData{Owner: owner, Cause: cause, KnownAt: e.KnownAt, Before: before.Result, After: after.Result, Applied: e.Processing.Applied}
	if run != nil {
		d.Run, d.Name = text(run, lineage.AttrRun), run.Name
	}
	return []draft{{kind: ResultChanged, subject: owner, at: e.KnownAt, id: newID(owner, string(ResultChanged), before.Result, after.Result, e.KnownAt.String()), data: d}}
}

// findings are the notices of those kinds of findings that were not told, and all
// kinds there are. While a run is under way a doubt may still resolve itself: a
// warning waits for the end.
func findings(told []string, run *lineage.Node, e etl.Ending, ended bool) (drafts []draft, kinds []string) {
	dataset := datasetOf(e.Projection)
	if dataset == nil {
		return nil, nil
	}
	var list []liquid.Finding
	_ = json.Unmarshal([]byte(text(dataset, "content")), &list) // too long to be kept: the kinds are there all the same
	all, _ := dataset.Attributes["kinds"].([]string)
	for _, kind := range all {
		severity := quality.SeverityOf(kind)
		if severity == quality.Info || severity == quality.Warning && !ended {
			continue
		}
		kinds = append(kinds, kind)
		if slices.Contains(told, kind) {
			continue
		}
		d := FindingData{Run: text(run, lineage.AttrRun), Name: run.Name, Finding: kind, Severity: string(severity), Places: []Place{}}
		for _, f := range list {
			if f.Kind != kind {
				continue
			}
			if d.Total++; len(d.Places) < mostPlaces {
				d.Places = append(d.Places, Place{Command: f.Command, Labware: f.Labware, Well: f.Well, Missing: f.Missing, Detail: f.Detail})
			}
		}
		if cut, _ := dataset.Attributes["truncated"].(bool); cut {
			d.Total = 0
		}
		owner := string(e.Projection.Owner)
		drafts = append(drafts, draft{kind: Finding, subject: owner, at: e.KnownAt, id: newID(owner, string(Finding), kind, e.KnownAt.String()), data: d})
	}
	return drafts, kinds
}

func died(l journal.DeadLetter) draft {
	event := l.Record.Envelope.Event
	d := DeadLetterData{ID: l.ID, Stage: l.Stage, Error: l.Error, Remedy: l.Remedy, Door: l.Record.Envelope.Door}
	subject := "deadletter:" + l.ID
	if event.Context != nil { // of what is damaged nothing is known
		d.Envelope, d.Source, subject = event.ID(), event.Source(), cmp.Or(event.Subject(), subject)
	}
	return draft{kind: DeadLetter, subject: subject, at: l.DiedAt, id: newID(l.ID, string(DeadLetter), l.DiedAt.String()), data: d}
}

func runData(run *lineage.Node) RunData {
	d := RunData{
		Run: text(run, lineage.AttrRun), Name: run.Name, Status: text(run, "status"), RobotSerial: text(run, "robotSerial"), RobotName: text(run, "robotName"),
		StartedAt: text(run, "startedAt"), CompletedAt: text(run, "completedAt"), Incomplete: []string{},
	}
	commands, _ := run.Attributes["commands"].(float64)
	findings, _ := run.Attributes["findings"].(float64)
	d.Commands, d.Findings = int(commands), int(findings)
	d.Complete, _ = run.Attributes["complete"].(bool)
	why, _ := run.Attributes[lineage.AttrIncomplete].([]string)
	d.Incomplete = append(d.Incomplete, why...)
	return d
}

func text(n *lineage.Node, key string) string {
	s, _ := n.Attributes[key].(string)
	return s
}

// runOf is the run that a projection is about.
func runOf(p *lineage.Projection) *lineage.Node {
	id, isRun := strings.CutPrefix(string(p.Owner), "run:")
	if !isRun {
		return nil
	}
	return node(p, func(n *lineage.Node) bool { return n.Kind == lineage.KindRun && text(n, lineage.AttrRun) == id })
}

func datasetOf(p *lineage.Projection) *lineage.Node {
	return node(p, func(n *lineage.Node) bool { return n.Kind == lineage.KindDataset && text(n, "what") == "findings" })
}

func node(p *lineage.Projection, is func(*lineage.Node) bool) *lineage.Node {
	for i := range p.Nodes {
		if is(&p.Nodes[i]) {
			return &p.Nodes[i]
		}
	}
	return nil
}

// whole reports whether all of a run's own record is here: reasons of its liquids don't matter.
func whole(run *lineage.Node) bool {
	why, _ := run.Attributes[lineage.AttrIncomplete].([]string)
	return !slices.ContainsFunc(why, func(reason string) bool {
		switch reason {
		case quality.CommandsMissing, quality.NoCommands, quality.Unfinished, quality.ReasonNotEnded, quality.ReasonUncounted, quality.RecordGap:
			return true
		}
		return false
	})
}

// resultHash is a hash of what a person takes from an owner: well states and values,
// and what they come from. How it was processed, and what we think of it, is not in it.
func resultHash(p *lineage.Projection) string {
	results := map[lineage.ID]bool{}
	var parts [][]byte
	add := func(hash lineage.Hash, err error, key ...[]byte) {
		if err == nil { // it is in the graph: it has one
			parts = append(parts, slices.Concat(slices.Concat(key...), hash[:]))
		}
	}
	for _, n := range p.Nodes {
		if n.Kind == lineage.KindWellState || n.Kind == lineage.KindMeasurement {
			results[n.ID] = true
			hash, err := n.ContentHash()
			add(hash, err, n.ID[:])
		}
	}
	for _, e := range p.Edges {
		switch e.RelationshipType {
		case lineage.DerivedFrom, lineage.CarriedOver, lineage.MeasuredFrom:
			if results[e.TargetID] {
				hash, err := e.ContentHash()
				add(hash, err, e.SourceID[:], e.TargetID[:], []byte(e.RelationshipType), e.TransformationID[:])
			}
		}
	}
	slices.SortFunc(parts, slices.Compare[[]byte])
	sum := sha256.New()
	for _, part := range parts {
		_, _ = sum.Write(part)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
