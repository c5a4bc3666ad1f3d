package pack

import (
	"fmt"
	"io"
	"strings"
	"time"

	"wellspring/lineage"
)

// mostRuns and mostFiles are how many runs and files the crate describes one by one.
const (
	mostRuns  = 1000
	mostFiles = 1000
)

// crate collects what the Process Run RO-Crate says.
type crate struct {
	runs     []lineage.Node
	moreRuns int
	agents   []lineage.Node
}

func (c *crate) node(n lineage.Node) {
	switch {
	case n.Kind == lineage.KindRun && len(c.runs) < mostRuns:
		c.runs = append(c.runs, n)
	case n.Kind == lineage.KindRun:
		c.moreRuns++
	case n.Kind == lineage.KindSoftware && len(c.agents) < mostRuns:
		c.agents = append(c.agents, n)
	}
}

// thing is one entity of a crate's graph.
type thing map[string]any

func ref(id string) thing { return thing{"@id": id} }

// The profiles that a crate conforms to.
const (
	crateSpec  = "https://w3id.org/ro/crate/1.1"
	processRun = "https://w3id.org/ro/wfrun/process/0.5"
)

// writeCrate writes ro-crate-metadata.json: what is in the package, and which
// runs made it.
func (b *builder) writeCrate(w io.Writer) error {
	q := b.answer.Question
	about := q.About + " " + q.Selector
	if q.About == AboutSince {
		about = "everything entered since " + q.Since.UTC().Format(time.RFC3339)
	}
	root := thing{
		"@id": "./", "@type": "Dataset", "conformsTo": ref(processRun),
		"name":          "Evidence about " + about,
		"description":   fmt.Sprintf("Lineage, records, audit trail and proofs about %s, as of %s. %s", about, q.AsOf.UTC().Format(time.RFC3339Nano), b.verdictSentence()),
		"datePublished": q.AsOf.UTC().Format(time.RFC3339), "license": ref("#terms"),
	}
	graph := []thing{
		{"@id": "ro-crate-metadata.json", "@type": "CreativeWork", "about": ref("./"), "conformsTo": ref(crateSpec)},
		root,
		{"@id": processRun, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
		{"@id": "#terms", "@type": "CreativeWork", "name": "Terms of use", "description": "The laboratory that exported this package says to whom it may be given and what for."},
	}
	files, parts := b.crateFiles()
	graph = append(graph, files...)
	root["hasPart"] = parts
	tool := thing{"@id": "#robot-software", "@type": "SoftwareApplication", "name": "Opentrons robot software"}
	instruments := map[string]bool{}
	for _, a := range b.crate.agents {
		id := "#" + a.ID.String()
		instruments[a.Name] = true
		graph = append(graph, thing{"@id": id, "@type": "SoftwareApplication", "name": "Opentrons robot software " + a.Name, "softwareVersion": a.Name})
	}
	graph = append(graph, tool)
	mentions := []thing{}
	for _, run := range b.crate.runs {
		action := b.crateAction(run)
		graph = append(graph, action)
		mentions = append(mentions, ref(fmt.Sprint(action["@id"])))
	}
	if len(mentions) > 0 {
		root["mentions"] = mentions
	}
	return pretty(w, thing{"@context": []any{"https://w3id.org/ro/crate/1.1/context", thing{"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}}, "@graph": graph})
}

// crateAction is one run of a robot as an action.
func (b *builder) crateAction(run lineage.Node) thing {
	instrument := "#robot-software"
	if version, ok := run.Attributes["software"].(string); ok {
		for _, a := range b.crate.agents {
			if a.Name == version || a.Attributes["version"] == version {
				instrument = "#" + a.ID.String()
			}
		}
	}
	action := thing{
		"@id": "#" + run.ID.String(), "@type": "CreateAction", "name": "Run of " + run.Name, "instrument": ref(instrument),
		"description":  "One execution of a protocol on a liquid handler; its commands, transfers and states are in " + FileLineage,
		"result":       []thing{ref(FileLineage)},
		"actionStatus": statusOf(run),
	}
	if at, ok := instant(run, "startedAt"); ok {
		action["startTime"] = at
	}
	if at, ok := instant(run, "completedAt"); ok {
		action["endTime"] = at
	}
	return action
}

func statusOf(run lineage.Node) thing {
	switch status, _ := run.Attributes["status"].(string); status {
	case "succeeded":
		return ref("http://schema.org/CompletedActionStatus")
	case "failed", "stopped":
		return ref("http://schema.org/FailedActionStatus")
	}
	return ref("http://schema.org/PotentialActionStatus")
}

// crateFiles describes the files that are written so far; payloads as a folder
// where they are many.
func (b *builder) crateFiles() (files, parts []thing) {
	payloads := 0
	for _, s := range b.archive.sums {
		if strings.HasPrefix(s.name, DirPayloads) {
			if payloads++; payloads > mostFiles {
				continue
			}
		}
		files = append(files, thing{"@id": s.name, "@type": "File", "name": s.name, "sha256": s.hash, "contentSize": fmt.Sprint(s.size), "encodingFormat": mediaOf(s.name)})
		parts = append(parts, ref(s.name))
	}
	if payloads > mostFiles {
		files = append(files, thing{"@id": DirPayloads, "@type": "Dataset", "name": "Payloads as received", "description": fmt.Sprintf("%d files; %d of them are described here", payloads, mostFiles)})
		parts = append(parts, ref(DirPayloads))
	}
	return files, parts
}

func mediaOf(name string) string {
	switch {
	case strings.HasSuffix(name, ".ndjson"):
		return "application/x-ndjson"
	case strings.HasSuffix(name, ".json"):
		return "application/json"
	case strings.HasSuffix(name, ".md"):
		return "text/markdown"
	case strings.HasSuffix(name, ".html"):
		return "text/html"
	case strings.HasSuffix(name, ".pdf"):
		return "application/pdf"
	case strings.HasSuffix(name, ".provn"):
		return "text/provenance-notation"
	case strings.HasSuffix(name, ".pem"):
		return "application/x-pem-file"
	}
	return "text/plain"
}

func (b *builder) verdictSentence() string {
	v := b.answer.Verdict
	switch {
	case v.Complete:
		return "Nothing in it is unknown."
	case v.Truncated:
		return "A bound cut it: there is more than it holds."
	}
	return "Not everything is known: " + strings.Join(v.Reasons, ", ") + "."
}
