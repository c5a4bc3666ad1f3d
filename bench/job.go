package bench

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

const opJob = "decode OpenLineage event"

// maxDatasets is how many inputs, and outputs, an event may name.
const maxDatasets = 10_000

// JobEvent is what another program says of one run of one of its jobs: a
// RunEvent of OpenLineage 1.x or 2.x (https://openlineage.io/spec).
type JobEvent struct {
	Type      string // START, RUNNING, COMPLETE, ABORT, FAIL, OTHER
	At        time.Time
	Run       string // UUID
	Namespace string
	Job       string
	Producer  string // URI
	Parent    string // UUID of the run that this one is part of; empty: none
	Code      string // where its source is, with the version; empty: not said
	Error     string // of a run that failed; empty: not said
	Inputs    []Dataset
	Outputs   []Dataset
}

// Dataset is a dataset of OpenLineage. Two are one when these three agree.
type Dataset struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Version   string `json:"version,omitempty"` // empty: not said
}

type olEvent struct {
	EventType string          `json:"eventType"`
	EventTime string          `json:"eventTime"`
	Producer  string          `json:"producer"`
	SchemaURL string          `json:"schemaURL"`
	Run       *olRun          `json:"run"`
	Job       *olJob          `json:"job"`
	Inputs    []olDataset     `json:"inputs"`
	Outputs   []olDataset     `json:"outputs"`
	Dataset   json.RawMessage `json:"dataset"` // of a DatasetEvent
}

type olRun struct {
	RunID  string                     `json:"runId"`
	Facets map[string]json.RawMessage `json:"facets"`
}

type olJob struct {
	Namespace string                     `json:"namespace"`
	Name      string                     `json:"name"`
	Facets    map[string]json.RawMessage `json:"facets"`
}

type olDataset struct {
	Namespace string                     `json:"namespace"`
	Name      string                     `json:"name"`
	Facets    map[string]json.RawMessage `json:"facets"`
}

// DecodeJobEvent reads one RunEvent. Facets that the specification doesn't
// demand are kept with the event; those that say something about lineage are read.
func DecodeJobEvent(payload []byte, limits Limits) (JobEvent, error) {
	limits = limits.orDefault()
	if err := limits.size(opJob, payload); err != nil {
		return JobEvent{}, err
	}
	var e olEvent
	if err := unmarshal(opJob, payload, &e); err != nil {
		return JobEvent{}, err
	}
	f := &faults{op: opJob}
	if e.Run == nil && (e.Dataset != nil || e.Job != nil) {
		return JobEvent{}, fault(opJob, "run", "it is an event about a job or a dataset, not about a run", "send RunEvents: only a run derives one thing from another")
	}
	if e.Run == nil {
		e.Run = &olRun{}
	}
	if e.Job == nil {
		e.Job = &olJob{}
	}
	out := JobEvent{Type: e.EventType, Run: strings.ToLower(e.Run.RunID), Namespace: e.Job.Namespace, Job: e.Job.Name, Producer: e.Producer}
	switch e.EventType {
	case "START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER":
	case "":
		out.Type = "OTHER" // the specification lets it be left out
	default:
		f.add("eventType", fmt.Sprintf("%.40q is no type of event", e.EventType), "use START, RUNNING, COMPLETE, ABORT, FAIL or OTHER")
	}
	var ok bool
	if out.At, ok = parseMoment(e.EventTime); !ok {
		f.add("eventTime", "is no time", momentHint)
	}
	if id, err := uuid.Parse(e.Run.RunID); err != nil {
		f.add("run.runId", "is no UUID", "give each run of a job a UUID of its own")
	} else {
		out.Run = id.String()
	}
	f.text("job.namespace", e.Job.Namespace)
	f.text("job.name", e.Job.Name)
	f.uri("producer", e.Producer)
	if e.SchemaURL != "" {
		f.uri("schemaURL", e.SchemaURL)
	}
	f.facets("run.facets", e.Run.Facets)
	f.facets("job.facets", e.Job.Facets)
	out.Inputs, out.Outputs = f.datasets("inputs", e.Inputs), f.datasets("outputs", e.Outputs)
	out.Parent, out.Error, out.Code = parentOf(e.Run.Facets), errorOf(e.Run.Facets), codeOf(e.Job.Facets)
	return out, f.err()
}

// text checks a name that must be there.
func (f *faults) text(place, value string) {
	if value == "" || len(value) > 2048 {
		f.add(place, "is missing, or longer than 2048 bytes", "name it")
	}
}

func (f *faults) uri(place, value string) {
	if u, err := url.Parse(value); err != nil || u.Scheme == "" || len(value) > 2048 {
		f.add(place, "is no URI", "name the program, such as https://example.org/pipelines/plates/1.4")
	}
}

// facets checks what every facet must say of itself.
func (f *faults) facets(place string, facets map[string]json.RawMessage) {
	for _, name := range slices.Sorted(maps.Keys(facets)) {
		var facet struct {
			Producer  *string `json:"_producer"`
			SchemaURL *string `json:"_schemaURL"`
		}
		if err := json.Unmarshal(facets[name], &facet); err != nil || facet.Producer == nil || facet.SchemaURL == nil {
			f.add(place+"."+name, "is no facet: _producer and _schemaURL are missing", "write facets with a client of OpenLineage, or leave them out")
		}
	}
}

func (f *faults) datasets(place string, said []olDataset) []Dataset {
	if len(said) > maxDatasets {
		f.add(place, fmt.Sprintf("has %d datasets", len(said)), fmt.Sprintf("name at most %d", maxDatasets))
		return nil
	}
	var all []Dataset
	for i, d := range said {
		at := fmt.Sprintf("%s[%d]", place, i)
		f.text(at+".namespace", d.Namespace)
		f.text(at+".name", d.Name)
		f.facets(at+".facets", d.Facets)
		all = append(all, d.identities()...)
	}
	return all
}

// identities are the dataset, and what it is by other names: the facet symlinks.
func (d olDataset) identities() []Dataset {
	var version struct {
		DatasetVersion word `json:"datasetVersion"`
	}
	_ = json.Unmarshal(d.Facets["version"], &version)
	all := []Dataset{{d.Namespace, d.Name, string(version.DatasetVersion)}}
	var links struct {
		Identifiers []Dataset `json:"identifiers"`
	}
	_ = json.Unmarshal(d.Facets["symlinks"], &links)
	for _, l := range links.Identifiers {
		if l.Namespace != "" && l.Name != "" && len(l.Namespace) <= 2048 && len(l.Name) <= 2048 {
			all = append(all, Dataset{Namespace: l.Namespace, Name: l.Name})
		}
	}
	return all
}

func parentOf(facets map[string]json.RawMessage) string {
	var parent struct {
		Run struct {
			RunID string `json:"runId"`
		} `json:"run"`
	}
	_ = json.Unmarshal(facets["parent"], &parent)
	if id, err := uuid.Parse(parent.Run.RunID); err == nil {
		return id.String()
	}
	return ""
}

func errorOf(facets map[string]json.RawMessage) string {
	var facet struct {
		Message word `json:"message"`
	}
	_ = json.Unmarshal(facets["errorMessage"], &facet)
	return clip(string(facet.Message), 1000)
}

func codeOf(facets map[string]json.RawMessage) string {
	var facet struct {
		URL     word `json:"url"`
		RepoURL word `json:"repoUrl"`
		Version word `json:"version"`
		Tag     word `json:"tag"`
	}
	_ = json.Unmarshal(facets["sourceCodeLocation"], &facet)
	code := cmp.Or(string(facet.URL), string(facet.RepoURL))
	if version := cmp.Or(string(facet.Version), string(facet.Tag)); code != "" && version != "" {
		code += "@" + version
	}
	return clip(code, 2048)
}

// clip cuts a text after so many bytes, at a letter.
func clip(text string, bytes int) string {
	if len(text) <= bytes {
		return text
	}
	return strings.ToValidUTF8(text[:bytes], "") + "…"
}
