package report_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wellspring/evidence"
	"wellspring/evidence/report"
	"wellspring/lineage"
)

var at = time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("", 3600))

// collected is a run that filled wells of a plate from one lot.
func collected(t *testing.T, wells int) *report.Collector {
	t.Helper()
	c := report.NewCollector()
	lot := lineage.LotID("PBS µ <b>Ω</b> 水")
	c.Node(lineage.Node{ID: lineage.RunID("r1"), Kind: lineage.KindRun, Name: "r1", Attributes: lineage.Attributes{"run": "r1", "status": "succeeded", "startedAt": "2026-03-01T11:00:00+01:00", "robotName": "Otto", "complete": true}})
	c.Node(lineage.Node{ID: lot, Kind: lineage.KindLot, Name: "PBS µ <b>Ω</b> 水", CreatedAt: at, Attributes: lineage.Attributes{"lot": "PBS-1"}})
	plate := lineage.LabwareID("r1", "l1")
	c.Node(lineage.Node{ID: plate, Kind: lineage.KindLabware, Name: "plate", Attributes: lineage.Attributes{"run": "r1", "labware": "l1", "rows": 8., "columns": 12.}})
	c.Edge(lineage.Edge{SourceID: plate, TargetID: lineage.RunID("r1"), RelationshipType: lineage.Used, Attributes: lineage.Attributes{"labware": "l1", "slot": "2", "label": "ASSAY"}})
	for i := range wells {
		name := fmt.Sprintf("%c%d", 'A'+i/12%8, i%12+1)
		state := lineage.WellStateID("r1", "l1", name, fmt.Sprint(i))
		attributes := lineage.Attributes{"run": "r1", "labware": "l1", "well": name, "sequence": float64(i), "volumeUl": float64(10 + i%96), "at": "2026-03-01T10:00:00Z"}
		if i%96 == 3 {
			delete(attributes, "volumeUl")
		}
		c.Node(lineage.Node{ID: state, Kind: lineage.KindWellState, Attributes: attributes})
		c.Edge(lineage.Edge{SourceID: lot, TargetID: state, RelationshipType: lineage.DerivedFrom, Attributes: lineage.Attributes{"mechanism": "loaded", "fraction": 1.}})
	}
	c.Node(lineage.Node{Kind: lineage.KindDataset, Attributes: lineage.Attributes{"run": "r1", "what": "findings", "content": `[{"kind":"overdraw","labware":"l1","well":"A1","missing":2.5}]`}})
	e, err := evidence.Seal(evidence.Public{Type: evidence.TypeAct, LoggedAt: at, Action: "declare", Outcome: "done", Subject: "run:r1"}, evidence.Details{Who: evidence.Actor{Name: "Ada"}, Reason: "label read"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Entry(e); err != nil {
		t.Fatal(err)
	}
	return c
}

func about() report.About {
	return report.About{
		Subject: "run:r1", AsOf: at, Log: "wellspring/ledger/1", LogSize: 7, Explanations: []string{"a liquid was not declared"},
		Question:   []report.Fact{{Name: "Question", Value: "about run r1"}},
		Signatures: []evidence.Signature{{SignedAt: at, Who: evidence.Actor{Name: "Ada Lovelace"}, Reason: "checked", State: evidence.SignatureOutdated, Signed: evidence.Signed{Meaning: "approved", AsOf: at}}},
		Files:      []report.File{{Name: "lineage.ndjson", SHA256: strings.Repeat("ab", 32), Bytes: 5}},
	}
}

func forms(t *testing.T, d report.Document) (page, pdf string) {
	t.Helper()
	var html, paper bytes.Buffer
	if err := d.HTML(&html); err != nil {
		t.Fatal(err)
	}
	if err := d.PDF(&paper); err != nil {
		t.Fatal(err)
	}
	return html.String(), paper.String()
}

// words are what is printed, by poppler.
func words(t *testing.T, pdf string) string {
	t.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("pdftotext is not installed (poppler-utils)")
	}
	file := filepath.Join(t.TempDir(), "report.pdf")
	if err := os.WriteFile(file, []byte(pdf), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Both forms say the same, every time in UTC, and nothing in them is markup.
func TestReport(t *testing.T) {
	page, pdf := forms(t, collected(t, 96).Document(about()))
	if strings.Contains(page, "<b>") || strings.Contains(page, "<script") || strings.Contains(page, "http://") {
		t.Error("the page holds markup of others, or leads elsewhere")
	}
	text := words(t, pdf)
	for _, want := range []string{
		"INCOMPLETE", "a liquid was not declared", "Ada Lovelace", "approved", "outdated", "2026-03-01 11:00:00 UTC", "ASSAY, slot 2", "overdraw", "2.5 µL missing",
		"Ada (not authenticated)", "label read", "PBS-1", "not known", "Otto",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("report.html does not say %q", want)
		}
		if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
			t.Errorf("report.pdf does not say %q", want)
		}
	}
	if !strings.Contains(page, "水") || !strings.Contains(text, "Ω") || !strings.Contains(text, "□") || !strings.Contains(text, "does not have") {
		t.Error("letters: the page has all, the font those of Europe, and the paper says which are lacking")
	}
	pages := strings.Count(text, "\f")
	if pages < 2 || !strings.Contains(text, fmt.Sprintf("page %d of %d", pages, pages)) {
		t.Errorf("%d pages are not numbered", pages)
	}
}

func TestReportIsTheSame(t *testing.T) {
	page, pdf := forms(t, collected(t, 96).Document(about()))
	for range 10 {
		again, paper := forms(t, collected(t, 96).Document(about()))
		if again != page || paper != pdf {
			t.Fatal("the same document gave other bytes")
		}
	}
}

// A list that is cut says so in both forms.
func TestReportIsCut(t *testing.T) {
	c := collected(t, 0)
	for i := range 1500 {
		c.Node(lineage.Node{Kind: lineage.KindSample, Name: fmt.Sprint("S", i), CreatedAt: at})
	}
	page, pdf := forms(t, c.Document(about()))
	const cut = "CUT: the first 1000 of 1501 rows"
	if !strings.Contains(page, cut) || strings.Contains(page, "S1400") {
		t.Error("report.html does not say that it was cut")
	}
	if text := words(t, pdf); !strings.Contains(text, cut) || strings.Contains(text, "S1400") {
		t.Error("report.pdf does not say that it was cut")
	}
}
