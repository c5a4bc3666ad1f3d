package liquid

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"wellspring/ot2"
)

var update = flag.Bool("update", false, "write what the fold says into testdata/edges; read the difference before you keep it")

// TestEdges plays the records in testdata/edges, one file an edge of reality.
// A file is a sentence, then records NAME.json (or, in pieces, NAME.1.json,
// NAME.2.json), and what the fold says of each, NAME.want.
func TestEdges(t *testing.T) {
	files, err := filepath.Glob("testdata/edges/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no edges: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			pieces, want := map[string][]ot2.Run{}, map[string]string{}
			for _, f := range archive.Files {
				name, kind, _ := strings.Cut(f.Name, ".")
				if kind == "want" {
					want[name] = string(f.Data)
					continue
				}
				document, err := ot2.Decode(bytes.NewReader(f.Data), ot2.DefaultLimits())
				if err != nil {
					t.Fatalf("%s: %v", f.Name, err)
				}
				pieces[name] = append(pieces[name], document.Run)
			}
			got := map[string]string{}
			for name, fragments := range pieces {
				run := fragments[0]
				if len(fragments) > 1 {
					run = ot2.Merge(fragments...)
				}
				out := Fold(run, Options{Definitions: ours})
				for _, wrong := range violations(out) {
					t.Errorf("%s: %s", name, wrong)
				}
				got[name] = told(run, out)
			}
			if *update {
				rewrite(t, file, archive, got)
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestEveryEdgeHasARecord holds the list in docs/liquid.md against the records.
func TestEveryEdgeHasARecord(t *testing.T) {
	page, err := os.ReadFile("../docs/liquid.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/edges/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var listed, there []string
	for line := range strings.Lines(string(page)) {
		if _, rest, ok := strings.Cut(line, "](../liquid/testdata/edges/"); ok {
			name, _, _ := strings.Cut(rest, ".txtar")
			listed = append(listed, name)
		}
	}
	for _, file := range files {
		there = append(there, strings.TrimSuffix(filepath.Base(file), ".txtar"))
	}
	slices.Sort(listed)
	if diff := cmp.Diff(listed, there); diff != "" {
		t.Errorf("docs/liquid.md and testdata/edges differ (-listed +there):\n%s", diff)
	}
}

// ours are the labware definitions for records, which carry none.
var ours = func() folder {
	found := folder{}
	for _, def := range []*ot2.Definition{plate96(), plate384(), tubes(), rack96(), trough12(), openTrough(), trashDefinition()} {
		found["/"+def.LoadName+"/"] = def
	}
	return found
}()

// told writes an outcome a line a fact.
func told(run ot2.Run, out Outcome) string {
	var b strings.Builder
	p := &protocol{run: run}
	wells := wellsOf(p, out)
	for _, place := range slices.Sorted(maps.Keys(wells)) {
		fmt.Fprintf(&b, "%s holds %s\n", place, wells[place])
	}
	for _, s := range out.States {
		fmt.Fprintf(&b, "state %s at %s, %.6g µL", stateText(s.Key), s.At.Format("15:04:05.999"), s.VolumeUl)
		for _, part := range s.Parts {
			fmt.Fprintf(&b, " = %.6g µL %s %s", part.VolumeUl, part.Mechanism, stateText(part.From))
		}
		for _, reason := range s.Incomplete {
			fmt.Fprintf(&b, ", %s", reason)
		}
		fmt.Fprintln(&b)
	}
	for _, e := range edgesOf(out) {
		fmt.Fprintln(&b, "moved", e)
	}
	for _, c := range carriedOf(out) {
		fmt.Fprintln(&b, "carried", c)
	}
	for _, f := range findingsOf(out) {
		fmt.Fprintln(&b, "found", f)
	}
	for _, s := range out.Steps {
		if s.Kind == StepMix || s.Kind == StepMove || s.Kind == StepUncertain {
			fmt.Fprintf(&b, "step %s %s\n", s.Command, s.Kind)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(out.Labware)) {
		if slots := out.Labware[id].Slots; len(slots) > 1 {
			fmt.Fprintf(&b, "%s stood on %s\n", id, strings.Join(slots, ", "))
		}
	}
	if out.Balance.Tips > 0 || out.Balance.Trash > 0 {
		fmt.Fprintf(&b, "tips %.6g µL, trash %.6g µL\n", out.Balance.Tips, out.Balance.Trash)
	}
	for _, place := range run.Redacted {
		fmt.Fprintln(&b, "redacted", place)
	}
	return b.String()
}

func stateText(k StateKey) string {
	if k.Command == "" {
		return k.Labware + "/" + k.Well + " (undeclared)"
	}
	return k.Labware + "/" + k.Well + " by " + k.Command
}

// rewrite puts what the fold says behind the records of each run.
func rewrite(t *testing.T, file string, archive *txtar.Archive, got map[string]string) {
	t.Helper()
	kept := slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return strings.HasSuffix(f.Name, ".want") })
	for i := len(kept) - 1; i >= 0; i-- {
		name, _, _ := strings.Cut(kept[i].Name, ".")
		if text, ok := got[name]; ok {
			kept = slices.Insert(kept, i+1, txtar.File{Name: name + ".want", Data: []byte(text)})
			delete(got, name)
		}
	}
	archive.Files = kept
	if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
		t.Fatal(err)
	}
}
