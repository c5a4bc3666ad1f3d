package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"wellspring/evidence"
)

// About is what a report is about, from question.json.
type About struct {
	Question                      []Fact
	Subject                       string
	AsOf                          time.Time
	Log                           string
	LogSize                       int64
	Complete, Truncated, Redacted bool
	Explanations                  []string
	Signatures                    []evidence.Signature
	Files                         []File
}

// File is a file of the package with its hash.
type File struct {
	Name, SHA256 string
	Bytes        int64
}

// Document is the report of what was collected.
func (c *Collector) Document(a About) Document {
	d := Document{
		Title: "Evidence report", Subject: a.Subject, At: a.AsOf, Facts: a.Question,
		Foot:    fmt.Sprintf("As of %s. Log %s, size %d.", stamp(a.AsOf), a.Log, a.LogSize),
		Verdict: verdictOf(a),
	}
	contents, plates, undrawn := c.contents()
	d.Plates = plates
	if undrawn > 0 {
		contents.Note += fmt.Sprintf(" %d more plates are not drawn.", undrawn)
	}
	c.name(&c.findings, 0)
	d.Tables = []Table{signatures(a.Signatures), contents, c.measured, c.sources, c.runs, c.agents, c.said, c.findings, c.audit, files(a.Files)}
	return d
}

func verdictOf(a About) Verdict {
	v := Verdict{Good: a.Complete, Text: "Complete: nothing in this answer is unknown.", Reasons: a.Explanations}
	switch {
	case a.Truncated:
		v.Text = "CUT: a bound was met; there is more than this package holds."
	case !a.Complete:
		v.Text = "INCOMPLETE: not everything is known."
	}
	if a.Redacted {
		v.Reasons = append(slices.Clone(v.Reasons), "names of people and free text are left out of this package, and read "+evidence.Left)
	}
	return v
}

// name shortens the ids of runs in a column to what people read.
func (c *Collector) name(t *Table, column int) {
	for _, row := range t.Rows {
		row[column] = short(row[column])
	}
}

// short is the beginning of an id, as selectors take it.
func short(id string) string {
	if _, err := uuid.Parse(id); err == nil {
		return id[:8]
	}
	return id
}

func (c *Collector) labwareName(p place) string {
	n := c.labwareOf(p)
	name := cmp.Or(n.label, n.name, "labware "+short(p.labware))
	if n.slot != "" {
		name += ", slot " + n.slot
	}
	return name
}

// contents are what the wells held last, and the plates drawn.
func (c *Collector) contents() (t Table, plates []Plate, undrawn int) {
	t = Table{Title: "Contents", Note: "What each well held last, in this package: the volume, and which parts of it came from where.",
		Columns: []Column{{Name: "Run", Weight: 11}, {Name: "Labware", Weight: 30}, {Name: "Well", Weight: 7}, {Name: "Volume, µL", Weight: 11, Right: true}, {Name: "Of what", Weight: 60}, {Name: "At", Weight: 22}},
		Empty:   "No well is named."}
	last, current := place{}, -1
	for _, p := range c.places() {
		held := c.wells[p]
		if p.run != last.run || p.labware != last.labware {
			last, current = p, -1
			if len(plates) < mostPlates {
				plates = append(plates, Plate{Title: "Run " + short(p.run) + ": " + c.labwareName(p), Rows: c.size(p, "rows"), Columns: c.size(p, "columns")})
				current = len(plates) - 1
			} else {
				undrawn++
			}
		}
		volume := "not known"
		if held.volume != nil {
			volume = figure(*held.volume)
		}
		t.add(short(p.run), c.labwareName(p), p.well, volume, c.composition(held), stampOf(held.at))
		if row, column, ok := wellPlace(p.well); ok && current >= 0 {
			plate := &plates[current]
			plate.Rows, plate.Columns = max(plate.Rows, row+1), max(plate.Columns, column+1)
			plate.Wells = append(plate.Wells, Well{p.well, row, column, held.volume})
			if held.volume != nil {
				plate.Most = max(plate.Most, *held.volume)
			}
		}
	}
	t.Total += c.unshown
	return t, plates, undrawn
}

func (c *Collector) size(p place, key string) int {
	if v := number(c.labwareOf(p).attributes, key); v != nil {
		return int(max(0, min(99, *v)))
	}
	return 0
}

// composition is what a well's content is made of, the largest part first.
func (c *Collector) composition(held content) string {
	parts := map[string]float64{}
	for i, origin := range held.origins {
		if i >= len(held.fractions) {
			break
		}
		parts[c.origin(origin)] += held.fractions[i]
	}
	names := make([]string, 0, len(parts))
	for name := range parts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(parts[b], parts[a]), strings.Compare(a, b)) })
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = figure(100*parts[name]) + " % " + name
	}
	if held.unknown {
		texts = append(texts, "not all is known")
	}
	return strings.Join(texts, "; ")
}

// origin names what a first state was loaded with: a package about a run does not
// hold what an earlier run loaded.
func (c *Collector) origin(state string) string {
	id, err := uuid.Parse(state)
	if err != nil {
		return "a state that can't be read"
	}
	first, here := c.first[id]
	if here && first.undeclared {
		return "undeclared"
	}
	var names []string
	for _, l := range c.loaded[id] {
		name := cmp.Or(c.named[l.source], "a source that is not in this package")
		if l.concentration != "" {
			name += " (" + l.concentration + ")"
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) == 0 && here {
		return "what was in " + c.labwareName(first.place) + "/" + first.place.well + " of run " + short(first.place.run)
	}
	return cmp.Or(strings.Join(names, " = "), "what was in a well that is not in this package ("+short(state)+")")
}

func signatures(all []evidence.Signature) Table {
	t := Table{Title: "Signatures", Note: "Valid: what was signed is what this package says. Outdated: something else is known as of its time. Unchecked: of another question.",
		Columns: []Column{{Name: "Signed by", Weight: 26}, {Name: "Meaning", Weight: 12}, {Name: "At", Weight: 22}, {Name: "Reason", Weight: 32}, {Name: "State", Weight: 11}, {Name: "Of", Weight: 24, Code: true}, {Name: "SHA-256 of what was signed", Weight: 36, Code: true}},
		Empty:   "Nobody has signed this."}
	for _, s := range all {
		who := s.Who.Name
		if s.Who.ID != "" {
			who += " (" + s.Who.ID + ")"
		}
		t.add(who, s.Meaning, stamp(s.SignedAt), s.Reason, s.State, s.Subject+" as of "+stamp(s.AsOf), s.LineageSHA256)
	}
	return t
}

func files(all []File) Table {
	t := Table{Title: "Files of this package", Note: "Those written before this report. SHA256SUMS names every file, and is signed.",
		Columns: []Column{{Name: "File", Weight: 30}, {Name: "Bytes", Weight: 12, Right: true}, {Name: "SHA-256", Weight: 70, Code: true}}}
	for _, f := range all {
		t.add(f.Name, strconv.FormatInt(f.Bytes, 10), f.SHA256)
	}
	return t
}
