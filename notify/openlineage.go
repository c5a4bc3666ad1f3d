package notify

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"wellspring/etl"
	"wellspring/lineage"
)

// OpenLineage is the name of the receiver that keeps lineage, among the webhooks.
const OpenLineage = "openlineage"

// namespace is that of our jobs, and the one in which others name what was measured here.
const namespace = "wellspring"

// A RunEvent of OpenLineage 2-0-2, as far as we have something to say.
type runEvent struct {
	EventType string    `json:"eventType"`
	EventTime time.Time `json:"eventTime"`
	Producer  string    `json:"producer"`
	SchemaURL string    `json:"schemaURL"`
	Run       struct {
		RunID  string         `json:"runId"`
		Facets map[string]any `json:"facets"`
	} `json:"run"`
	Job struct {
		Namespace string         `json:"namespace"`
		Name      string         `json:"name"`
		Facets    map[string]any `json:"facets"`
	} `json:"job"`
	Inputs  []dataset `json:"inputs"`
	Outputs []dataset `json:"outputs"`
}

type dataset struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

type facet struct {
	Producer  string `json:"_producer"`
	SchemaURL string `json:"_schemaURL"`
}

type engineFacet struct {
	facet
	Version string `json:"version"`
	Name    string `json:"name"`
}

type jobTypeFacet struct {
	facet
	ProcessingType string `json:"processingType"`
	Integration    string `json:"integration"`
	JobType        string `json:"jobType"`
}

type errorFacet struct {
	facet
	Message             string `json:"message"`
	ProgrammingLanguage string `json:"programmingLanguage"`
}

const schemas = "https://openlineage.io/spec/"

func newRunEvent(version, eventType, run, job string, at time.Time) runEvent {
	producer := "urn:wellspring:" + url.PathEscape(version)
	schema := func(name string) facet { return facet{producer, schemas + "facets/" + name} }
	e := runEvent{EventType: eventType, EventTime: at.UTC(), Producer: producer, SchemaURL: schemas + "2-0-2/OpenLineage.json#/$defs/RunEvent", Inputs: []dataset{}, Outputs: []dataset{}}
	e.Run.RunID = run
	e.Run.Facets = map[string]any{"processing_engine": engineFacet{schema("1-1-1/ProcessingEngineRunFacet.json"), version, "Wellspring"}}
	e.Job.Namespace, e.Job.Name = namespace, job
	e.Job.Facets = map[string]any{"jobType": jobTypeFacet{schema("2-0-4/JobTypeJobFacet.json"), "BATCH", "WELLSPRING", "ETL"}}
	return e
}

func (e *runEvent) fail(message string) {
	e.Run.Facets["errorMessage"] = errorFacet{facet{e.Producer, schemas + "facets/1-0-1/ErrorMessageRunFacet.json"}, message, "go"}
}

// processed says one of our own processings in the words of OpenLineage: START, and
// COMPLETE or FAIL. What came in as OpenLineage is not sent out again: two services
// that tell each other would never end.
func processed(e etl.Ending, version string) ([]draft, error) {
	kind, _, _ := strings.Cut(string(e.Processing.Owner), ":")
	if kind == "job" || e.Processing.EndedAt == nil {
		return nil, nil
	}
	end := "COMPLETE"
	if e.Processing.Status == etl.Failed {
		end = "FAIL"
	}
	var drafts []draft
	for _, told := range []struct {
		eventType string
		at        time.Time
	}{{"START", e.Processing.StartedAt}, {end, *e.Processing.EndedAt}} {
		event := newRunEvent(version, told.eventType, e.Processing.ID, "process "+kind, told.at)
		event.Inputs = append(event.Inputs, dataset{namespace, "journal:" + string(e.Processing.Owner)})
		event.Outputs = append(event.Outputs, outputs(e)...)
		if told.eventType == "FAIL" {
			event.fail(e.Processing.Error)
		}
		body, err := json.Marshal(event)
		if err != nil {
			return nil, &lineage.Error{Op: "write OpenLineage event", Kind: lineage.ErrorInternal, ID: string(e.Processing.Owner), Err: err}
		}
		drafts = append(drafts, draft{kind: lineageRun, subject: string(e.Processing.Owner), at: *e.Processing.EndedAt, id: newID(e.Processing.ID, told.eventType), body: body})
	}
	return drafts, nil
}

// outputs are the owner's part of the graph, and those names under which other
// programs read on what is in it.
func outputs(e etl.Ending) []dataset {
	if e.Projection == nil {
		return nil
	}
	all := []dataset{{namespace, string(e.Processing.Owner)}}
	for _, n := range e.Projection.Nodes {
		if n.Kind == lineage.KindDataset && text(&n, "namespace") == namespace {
			all = append(all, dataset{namespace, text(&n, "dataset")})
		}
	}
	slices.SortFunc(all[1:], func(a, b dataset) int { return strings.Compare(a.Name, b.Name) })
	return all
}
