package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"wellspring/evidence"
	"wellspring/lineage"
)

const (
	// mostRows is how many rows a table has.
	mostRows = 1000
	// mostPlates is how many plates are drawn.
	mostPlates = 24
	// mostWells is how many wells are remembered, so that memory does not grow with
	// the package.
	mostWells = 20_000
)

// Collector gathers a report from nodes, edges and entries, in any order.
type Collector struct {
	labware  map[lineage.ID]lineage.Node
	used     map[use]labware       // what a run says about its labware
	named    map[lineage.ID]string // lots and samples
	sources  Table
	runs     Table
	agents   Table
	measured Table
	said     Table
	findings Table
	audit    Table
	wells    map[place]content
	unshown  int // wells beyond mostWells
	loaded   map[lineage.ID][]loading
	first    map[lineage.ID]firstState
}

// use is labware in a run, or a plan, by its node.
type use struct {
	run     lineage.ID
	labware string
}

// labware is what is known of it in a run.
type labware struct {
	node              lineage.ID
	label, name, slot string
	attributes        lineage.Attributes
}

// firstState is a well as it was before anything was done to it.
type firstState struct {
	place      place
	undeclared bool
}

// place is a well in a run.
type place struct{ run, labware, well string }

// content is what a well held last.
type content struct {
	sequence  float64
	at        string
	volume    *float64
	origins   []string
	fractions []float64
	unknown   bool
}

// loading is what a first state was loaded with.
type loading struct {
	source        lineage.ID
	concentration string
}

// NewCollector returns an empty one.
func NewCollector() *Collector {
	columns := func(pairs ...any) []Column {
		var all []Column
		for i := 0; i < len(pairs); i += 2 {
			name, _ := pairs[i].(string)
			weight, _ := pairs[i+1].(int)
			all = append(all, Column{Name: name, Weight: float64(weight), Code: slices.Contains([]string{"Run", "Document", "About", "Liquid of the run"}, name)})
		}
		return all
	}
	return &Collector{
		labware: map[lineage.ID]lineage.Node{}, used: map[use]labware{}, first: map[lineage.ID]firstState{}, named: map[lineage.ID]string{}, wells: map[place]content{}, loaded: map[lineage.ID][]loading{},
		sources:  Table{Title: "Sources", Columns: columns("Kind", 10, "Name", 30, "Lot or barcode", 20, "Liquid of the run", 30, "Known since", 22), Empty: "No lot, sample or liquid is named."},
		runs:     Table{Title: "Runs", Columns: columns("Run", 32, "Status", 12, "Started", 22, "Ended", 22, "Robot", 18, "Software", 11, "Record", 22), Empty: "No run."},
		agents:   Table{Title: "Robots, pipettes, modules, software, people", Columns: columns("Kind", 12, "Name", 40, "Serial number or version", 30), Empty: "None is named."},
		measured: Table{Title: "Measurements", Columns: columns("Measured", 18, "Value", 12, "Unit", 10, "Plate", 20, "Well", 8, "At", 22, "Instrument", 20), Empty: "None."},
		said:     Table{Title: "Declarations and corrections", Columns: columns("At", 22, "Who", 20, "Why", 40, "Document", 40, "Statements", 10), Empty: "None."},
		findings: Table{Title: "Findings", Columns: columns("Run", 20, "Kind", 18, "Place", 18, "What", 50), Empty: "None: nothing that a person should know of."},
		audit:    Table{Title: "Audit trail", Columns: columns("Entry", 7, "At", 22, "What", 22, "Who or from where", 24, "About", 28, "Outcome", 10, "Reason", 28), Empty: "No entry."},
	}
}

func (t *Table) add(cells ...string) {
	if t.Total++; len(t.Rows) < mostRows {
		t.Rows = append(t.Rows, cells)
	}
}

// attr is an attribute as text; empty where there is none.
func attr(attributes lineage.Attributes, key string) string {
	switch v := attributes[key].(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []string:
		return strings.Join(v, ", ")
	default:
		return fmt.Sprint(v)
	}
}

func number(attributes lineage.Attributes, key string) *float64 {
	if v, ok := attributes[key].(float64); ok {
		return &v
	}
	return nil
}

// Node takes a node; nil takes nothing.
func (c *Collector) Node(n lineage.Node) {
	if c == nil {
		return
	}
	a := func(key string) string { return attr(n.Attributes, key) }
	switch n.Kind {
	case lineage.KindRun, lineage.KindPlan:
		record := "complete"
		if complete, _ := n.Attributes["complete"].(bool); !complete {
			record = cmp.Or(strings.TrimSpace("incomplete: "+a(lineage.AttrIncomplete)), "incomplete")
		}
		c.runs.add(cmp.Or(a(lineage.AttrRun), n.Name), a("status"), stampOf(a("startedAt")), stampOf(a("completedAt")),
			strings.TrimSpace(a("robotName")+" "+a("robotSerial")), a("software"), record)
	case lineage.KindLot, lineage.KindSample:
		c.named[n.ID] = n.Name
		c.sources.add(string(n.Kind), n.Name, cmp.Or(a("lot"), a(lineage.AttrBarcode)), a(lineage.AttrRun), stamp(n.CreatedAt))
	case lineage.KindRobot, lineage.KindPipette, lineage.KindModule, lineage.KindSoftware, lineage.KindOperator:
		c.agents.add(string(n.Kind), cmp.Or(a("model"), n.Name), cmp.Or(a("serial"), a("version")))
	case lineage.KindLabware:
		if len(c.labware) < mostWells {
			c.labware[n.ID] = n
		}
	case lineage.KindWellState:
		c.state(n)
	case lineage.KindMeasurement:
		c.measured.add(a("measured"), a("value"), a("unit"), cmp.Or(a(lineage.AttrBarcode), a("plate")), a(lineage.AttrWell), stampOf(a(lineage.AttrAt)), a("instrument"))
	case lineage.KindDataset:
		c.dataset(n)
	}
}

// state remembers a well's state where it is the last so far.
func (c *Collector) state(n lineage.Node) {
	at := place{attr(n.Attributes, lineage.AttrRun), attr(n.Attributes, lineage.AttrLabware), attr(n.Attributes, lineage.AttrWell)}
	sequence := 0.
	if v := number(n.Attributes, lineage.AttrSequence); v != nil {
		sequence = *v
	}
	origins, _ := n.Attributes[lineage.AttrOriginIDs].([]string)
	if undeclared, _ := n.Attributes["undeclared"].(bool); len(c.first) < mostWells && (undeclared || len(origins) == 0 || slices.Contains(origins, n.ID.String())) {
		c.first[n.ID] = firstState{at, undeclared}
	}
	known, there := c.wells[at]
	switch {
	case there && known.sequence > sequence:
		return
	case !there && len(c.wells) == mostWells:
		c.unshown++
		return
	}
	now := content{sequence: sequence, at: attr(n.Attributes, lineage.AttrAt), volume: number(n.Attributes, lineage.AttrVolumeUl), unknown: attr(n.Attributes, lineage.AttrIncomplete) != ""}
	now.origins = origins
	now.fractions, _ = n.Attributes[lineage.AttrOriginFractions].([]float64)
	if len(now.origins) == 0 {
		now.origins, now.fractions = []string{n.ID.String()}, []float64{1}
	}
	c.wells[at] = now
}

// labwareOf is what is known of the labware of a well.
func (c *Collector) labwareOf(p place) labware {
	said, there := c.used[use{lineage.RunID(p.run), p.labware}]
	if !there {
		said = c.used[use{lineage.PlanID(p.run), p.labware}]
	}
	node := c.labware[said.node]
	said.name, said.attributes = cmp.Or(attr(node.Attributes, lineage.AttrBarcode), node.Name), node.Attributes
	return said
}

// dataset takes what people declared, and findings.
func (c *Collector) dataset(n lineage.Node) {
	a := func(key string) string { return attr(n.Attributes, key) }
	switch a("what") {
	case "declarations":
		c.said.add(stampOf(a(lineage.AttrAt)), a("who"), a("why"), a("owner"), a("total"))
	case "findings":
		var all []struct {
			Kind, Labware, Well, Detail string
			Missing                     float64
		}
		if err := json.Unmarshal([]byte(a("content")), &all); err != nil {
			if total := number(n.Attributes, "total"); total != nil && *total > 0 {
				c.findings.add(a(lineage.AttrRun), a("kinds"), "", figure(*total)+" findings, which are left out here: "+a("content"))
			}
			return
		}
		for _, f := range all {
			what := f.Detail
			if f.Missing != 0 {
				what = strings.TrimSpace(figure(f.Missing) + " µL missing. " + what)
			}
			c.findings.add(a(lineage.AttrRun), f.Kind, strings.Trim(f.Labware+"/"+f.Well, "/"), what)
		}
	}
}

// Edge takes an edge; nil takes nothing.
func (c *Collector) Edge(e lineage.Edge) {
	if c == nil {
		return
	}
	if name := attr(e.Attributes, lineage.AttrLabware); e.RelationshipType == lineage.Used && name != "" && e.Attributes[lineage.AttrWell] == nil && len(c.used) < mostWells {
		c.used[use{e.TargetID, name}] = labware{node: e.SourceID, label: attr(e.Attributes, "label"), slot: attr(e.Attributes, "slot")}
	}
	if e.RelationshipType != lineage.DerivedFrom || attr(e.Attributes, lineage.AttrMechanism) != "loaded" || len(c.loaded) == mostWells {
		return
	}
	amount := strings.TrimSpace(attr(e.Attributes, "concentration") + " " + attr(e.Attributes, "concentrationUnit") + " " + attr(e.Attributes, "analyte"))
	c.loaded[e.TargetID] = append(c.loaded[e.TargetID], loading{e.SourceID, amount})
}

// Entry takes an entry of the log; its private part may be left out.
func (c *Collector) Entry(e evidence.Entry) error {
	public, err := e.Read()
	if err != nil {
		return err
	}
	what, who, outcome, reason := public.Action, evidence.Left, public.Outcome, ""
	if public.Type != evidence.TypeAct {
		what, outcome = cmp.Or(public.Kind, public.Type), ""
	}
	switch {
	case e.Private == nil:
		reason = evidence.Left
	case public.Type == evidence.TypeAct:
		d, err := e.Details()
		if err != nil {
			return err
		}
		who, reason = d.Who.Name, d.Reason
		if !d.Who.Authenticated {
			who += " (not authenticated)"
		}
	default:
		var o evidence.Origin
		if err := json.Unmarshal(e.Private, &o); err != nil {
			return err
		}
		who = cmp.Or(o.Name, o.Source)
		if o.Door != "" {
			who += " by " + o.Door
		}
	}
	c.audit.add(strconv.FormatInt(e.Index, 10), stamp(public.LoggedAt), what, who, public.Subject, outcome, reason)
	return nil
}

// places are the wells in the order of run, labware and well.
func (c *Collector) places() []place {
	all := make([]place, 0, len(c.wells))
	for p := range c.wells {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b place) int {
		ar, ac, _ := wellPlace(a.well)
		br, bc, _ := wellPlace(b.well)
		return cmp.Or(cmp.Compare(a.run, b.run), cmp.Compare(c.slot(a), c.slot(b)), cmp.Compare(a.labware, b.labware),
			cmp.Compare(ar, br), cmp.Compare(ac, bc), cmp.Compare(a.well, b.well))
	})
	return all
}

func (c *Collector) slot(p place) string {
	slot := c.labwareOf(p).slot
	return strings.Repeat("0", max(0, 4-len(slot))) + slot
}

// wellPlace reads A1 as row 0, column 0, and AA1 as row 26.
func wellPlace(well string) (row, column int, ok bool) {
	letters := strings.TrimRight(well, "0123456789")
	column, err := strconv.Atoi(well[len(letters):])
	if err != nil || letters == "" || len(letters) > 2 || column < 1 || column > 99 {
		return 0, 0, false
	}
	for _, letter := range letters {
		if letter < 'A' || letter > 'Z' {
			return 0, 0, false
		}
		row = row*26 + int(letter-'A') + 1
	}
	return row - 1, column - 1, true
}
