package app_test

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wellspring/api"
	"wellspring/app"
	"wellspring/evidence/pack"
	"wellspring/evidence/verify"
	"wellspring/examples"
	"wellspring/lineage"
)

// exported has a package made and returns it.
func exported(t *testing.T, a *app.App, ask string) (pack.Export, []byte) {
	t.Helper()
	status, text := request(t, a, http.MethodPost, "/v1/exports?wait=60&"+ask, nil)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", ask, status, text)
	}
	x := decode[pack.Export](t, text)
	if x.State != pack.StateDone {
		t.Fatalf("%s: %+v", ask, x)
	}
	status, data := request(t, a, http.MethodGet, "/v1/exports/"+x.ID+"/package", nil)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", ask, status, data)
	}
	r, err := verify.Archive(strings.NewReader(data), int64(len(data)), verify.Options{Keys: []string{get[api.SignedCheckpoint](t, a, "/v1/checkpoint").Keys[0].Verifier}})
	if err != nil || !r.Valid || !r.Trusted {
		t.Errorf("%s: %+v %v", ask, r, err)
	}
	return x, []byte(data)
}

// assayed is a service that took in the runs of the assay.
func assayed(t *testing.T, change func(*app.Options)) *app.App {
	t.Helper()
	a := start(t, change)
	for _, name := range []string{examples.StockDilution, examples.AssayPlate} {
		if status, text := request(t, a, http.MethodPost, "/v1/runs?wait=30", example(t, name)); status != http.StatusOK {
			t.Fatalf("import: %d %s", status, text)
		}
	}
	manifest := "run,liquid,lot,who,why\n6f6ea665-d740-47bb-9399-fba49ea8c402,PBS buffer,PBS-1,Grace Hopper,label read\n"
	if status, text := request(t, a, http.MethodPost, "/v1/declarations?wait=30", []byte(manifest)); status != http.StatusOK {
		t.Logf("declaration: %d %s", status, text)
	}
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestExports(t *testing.T) {
	a := assayed(t, nil)
	for _, ask := range []string{
		"about=run&selector=6f6ea665",
		"about=well&selector=" + url.QueryEscape("5a6cd99d/2/A2"),
		"about=since&since=2026-01-01T00:00:00Z",
		"about=plate&selector=" + url.QueryEscape("5a6cd99d/2"),
		"about=lot&selector=" + url.QueryEscape("lot:PBS buffer"),
	} {
		x, data := exported(t, a, ask)
		if x.Answer.Nodes == 0 || x.Answer.Edges == 0 || x.Answer.Records == 0 || x.Answer.Payloads == 0 || x.Answer.Acts == 0 {
			t.Errorf("%s: %+v", ask, x.Answer)
		}
		// The same question as of the same time gives the same bytes.
		again := "as of"
		status, text := request(t, a, http.MethodPost, "/v1/exports?wait=60&"+ask+"&redact=false&asOf="+url.QueryEscape(x.Question.AsOf.Format(time.RFC3339Nano)), nil)
		if y := decode[pack.Export](t, text); status != http.StatusOK || y.SHA256 != x.SHA256 {
			t.Errorf("%s %s: %d, %s and %s", ask, again, status, y.SHA256, x.SHA256)
		}
		nodes(t, ask, data)
	}
	acts := get[api.Acts](t, a, "/v1/audit?action=getExportPackage").Acts
	if len(acts) != 5 || !strings.HasPrefix(acts[0].Subject, "export:") {
		t.Errorf("access to packages: %+v", acts)
	}
	if acts := get[api.Acts](t, a, "/v1/audit?action=exported").Acts; len(acts) != 5 {
		t.Errorf("packages made: %+v", acts)
	}
}

// nodes checks that every node and edge stands once, and that edges lead to nodes.
func nodes(t *testing.T, ask string, data []byte) {
	t.Helper()
	known, edges, ends := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for line := range bytes.Lines(entry(t, data, pack.FileLineage)) {
		item := decode[pack.Item](t, string(line))
		if n := item.Node; n != nil {
			if known[n.ID.String()] {
				t.Errorf("%s: the node %s stands twice", ask, n.ID)
			}
			known[n.ID.String()] = true
			continue
		}
		e := item.Edge
		key := strings.Join([]string{e.SourceID.String(), e.TargetID.String(), string(e.RelationshipType), e.TransformationID.String()}, " ")
		if edges[key] {
			t.Errorf("%s: the edge %s stands twice", ask, key)
		}
		edges[key], ends[e.SourceID.String()], ends[e.TargetID.String()] = true, true, true
	}
	for id := range ends {
		if !known[id] {
			t.Errorf("%s: an edge leads to %s, which is not there", ask, id)
		}
	}
}

func entry(t *testing.T, data []byte, name string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The same folder, opened by another process, gives the same bytes.
func TestExportIsTheSameAfterARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	in := func(o *app.Options) { o.DataDir = dir }
	var first pack.Export
	t.Run("first", func(t *testing.T) {
		first, _ = exported(t, assayed(t, in), "about=run&selector=6f6ea665")
	})
	a := start(t, in)
	// Something more comes in: it is after the question.
	if status, _ := request(t, a, http.MethodPost, "/v1/runs?wait=30", example(t, "runs/serial_dilution.json")); status != http.StatusOK {
		t.Fatal(status)
	}
	asOf := "&asOf=" + url.QueryEscape(first.Question.AsOf.Format(time.RFC3339Nano))
	if x, _ := exported(t, a, "about=run&selector=6f6ea665"+asOf); x.SHA256 != first.SHA256 {
		t.Errorf("%s, want %s", x.SHA256, first.SHA256)
	}
	x, _ := exported(t, a, "about=run&redact=true&selector=6f6ea665"+asOf)
	if x.SHA256 == first.SHA256 || x.Answer.Payloads != 0 {
		t.Errorf("redacted: %+v", x)
	}
}

func TestExportOfNothing(t *testing.T) {
	a := assayed(t, nil)
	for ask, want := range map[string]int{
		"about=run&selector=nowhere-at-all":                          http.StatusNotFound,
		"about=lot&selector=nothing":                                 http.StatusNotFound,
		"about=since&since=2999-01-01T00:00:00Z":                     http.StatusBadRequest,
		"about=run&selector=6f6ea665&asOf=2999-01-01T00:00:00Z":      http.StatusBadRequest,
		"about=run&selector=" + url.QueryEscape("../../etc/passwd"):  http.StatusBadRequest,
		"about=run&selector=" + url.QueryEscape("'; DROP TABLE x--"): http.StatusNotFound,
	} {
		if status, text := request(t, a, http.MethodPost, "/v1/exports?wait=30&"+ask, nil); status != want {
			t.Errorf("%s: %d %s, want %d", ask, status, text, want)
		}
	}
}

// counted is how many nodes of each kind a package holds, and the first one's id.
func counted(t *testing.T, data []byte) (map[lineage.Kind]int, map[lineage.Kind]lineage.Node) {
	t.Helper()
	counts, first := map[lineage.Kind]int{}, map[lineage.Kind]lineage.Node{}
	for line := range bytes.Lines(entry(t, data, pack.FileLineage)) {
		if n := decode[pack.Item](t, string(line)).Node; n != nil {
			if counts[n.Kind]++; counts[n.Kind] == 1 {
				first[n.Kind] = *n
			}
		}
	}
	return counts, first
}

// A package about an experiment holds its runs, plates and values; one about a
// measurement all that the value rests on.
func TestExportsOfExperimentsAndMeasurements(t *testing.T) {
	a := bench(t)
	ask := "about=experiment&selector=BA-2026-11"
	whole, data := exported(t, a, ask)
	nodes(t, ask, data)
	counts, _ := counted(t, data)
	if counts[lineage.KindExperiment] != 1 || counts[lineage.KindRun] != 2 || counts[lineage.KindSample] == 0 || counts[lineage.KindWellState] == 0 || whole.Answer.Payloads == 0 {
		t.Errorf("%s: %v", ask, counts)
	}
	for _, want := range []string{"AP-0001", "Declarations and corrections", "BRD-1188"} {
		if !bytes.Contains(entry(t, data, pack.FileReportHTML), []byte(want)) {
			t.Errorf("%s: the report does not say %q", ask, want)
		}
	}
	plate, data := exported(t, a, "about=plate&selector=plate:AP-0001")
	_, first := counted(t, data)
	value := first[lineage.KindMeasurement]
	ask = "about=measurement&selector=" + value.ID.String()
	x, data := exported(t, a, ask)
	nodes(t, ask, data)
	counts, _ = counted(t, data)
	if counts[lineage.KindMeasurement] != 1 || counts[lineage.KindWellState] == 0 || counts[lineage.KindRun] == 0 || counts[lineage.KindLot] == 0 || x.Answer.Nodes >= plate.Answer.Nodes {
		t.Errorf("%s: %v, %+v", ask, counts, x.Answer)
	}
	if !bytes.Contains(entry(t, data, pack.FileReportHTML), []byte("absorbance")) {
		t.Errorf("%s: the report does not say what was measured", ask)
	}
	// The assay drew from the plate of the run before: its report names whose samples they are.
	_, data = exported(t, a, "about=run&selector=5a6cd99d")
	nodes(t, "the assay", data)
	if text := string(entry(t, data, pack.FileReportHTML)); !strings.Contains(text, "LY-0001") || strings.Contains(text, "not in this package") {
		t.Error("the report does not name the samples that an earlier run had loaded")
	}
	if _, data = exported(t, a, "about=run&selector=6f6ea665"); !bytes.Contains(entry(t, data, pack.FileReportHTML), []byte("Keller")) {
		t.Error("the test of redaction can't fail: nobody is named")
	}
	_, data = exported(t, a, "about=run&selector=6f6ea665&redact=true")
	for _, name := range []string{pack.FileReportHTML, pack.FileEntries, pack.FileLineage, pack.FileProvJSON, pack.FileProvN, pack.FileSignatures} {
		for _, personal := range []string{"Keller", "Notebook 7"} {
			if bytes.Contains(entry(t, data, name), []byte(personal)) {
				t.Errorf("%s: %s is in %s", ask, personal, name)
			}
		}
	}
	for ask, want := range map[string]int{
		"about=measurement&selector=6f6ea665":  http.StatusOK, // the export itself fails, and says why
		"about=experiment&selector=BA-2026-12": http.StatusOK,
	} {
		status, text := request(t, a, http.MethodPost, "/v1/exports?wait=60&"+ask, nil)
		if x := decode[pack.Export](t, text); status != want || x.State != pack.StateFailed || x.Error == "" {
			t.Errorf("%s: %d %s", ask, status, text)
		}
	}
}
