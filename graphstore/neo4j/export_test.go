package neo4j_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"wellspring/graphstore"
	"wellspring/graphstore/neo4j"
	"wellspring/graphstore/sqlite"
	"wellspring/graphstore/storetest"
	"wellspring/graphstore/storetest/labgraph"
	"wellspring/internal/neo4jtest"
	"wellspring/lineage"
)

// TestExport has the real neo4j-admin make a database of what a SQLite store
// exports. A store that opens it gives the same answers as the first, takes what is there
// for what it is, and goes on from there as the first does.
func TestExport(t *testing.T) {
	const experiments = 2
	ctx := t.Context()
	from := memory(t)
	lab := labgraph.Lab{Seed: 7}
	storetest.Fill(t, from, lab, experiments)
	put(t, from, labgraph.At(5), odd()...)
	dir := filepath.Join(t.TempDir(), "export")
	exported, err := neo4j.Export(ctx, from, dir)
	if err != nil {
		t.Fatal(err)
	}
	to := openImported(t, dir)

	owners := sameOwned(t, from, to)
	if exported.Owners != len(owners) || exported.Nodes == 0 || exported.Edges == 0 {
		t.Errorf("exported %+v of %d owners", exported, len(owners))
	}
	sameReads(t, from, to, lab)
	for i := range experiments { // nothing is new
		for _, p := range lab.Experiment(i) {
			if applied, err := to.Apply(ctx, p, labgraph.At(9)); err != nil || applied.Changed() {
				t.Fatalf("%s again: %+v, %v", p.Owner, applied, err)
			}
		}
	}
	changes := lab.Experiment(experiments)
	for _, p := range odd() {
		if len(p.Nodes) > 0 {
			p.Nodes = p.Nodes[1:]
			p.Edges = nil
		}
		changes = append(changes, p)
	}
	changes = append(changes, lineage.Projection{Owner: lab.Experiment(1)[2].Owner})
	for _, p := range changes {
		want, wantErr := from.Apply(ctx, p, labgraph.At(10))
		got, err := to.Apply(ctx, p, labgraph.At(10))
		if err != nil || wantErr != nil {
			t.Fatalf("%s: %v; the other: %v", p.Owner, err, wantErr)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s applied (-want +got):\n%s", p.Owner, diff)
		}
	}
	sameOwned(t, from, to)
	sameReads(t, from, to, lab)
}

// odd is what is hard to write into a table.
func odd() []lineage.Projection {
	shared := lineage.Node{ID: lineage.LotID("shared"), Kind: lineage.KindLot, Name: "shared, \"and\"\nquoted", Attributes: lineage.Attributes{}}
	var all []lineage.Projection
	for i, attributes := range []lineage.Attributes{
		nil,
		{"text": "", "id": "an attribute called id", "_x": "_", "": "no name", "owners": "o"},
		{"text": "a,b;c|d\t\"e\"\r\nf \\ \\\" '", "unicode": "µL – 試料 \U0001F9EA", "spaces": "  two  "},
		{"yes": true, "no": false, "zero": 0.0, "tiny": 5e-324, "huge": 1.7976931348623157e308, "third": 1.0 / 3, "minus": -0.25},
		{"texts": []string{"a", "", "b,\"c\"", "new\nline"}, "numbers": []float64{1, 0.1, -1e-9}, "one": []string{"x"}},
		{"texts": []string{"", ""}, "numbers": []float64{0}}, {"text": 1.5}, {"text": true}, {"text": []string{"of another type"}},
	} {
		owner := lineage.Owner(fmt.Sprintf("manifest:odd \"%d\", é", i))
		n := lineage.Node{ID: lineage.SampleID(fmt.Sprint("odd-", i)), Kind: lineage.KindSample, Name: fmt.Sprintf("odd %d", i), Attributes: attributes}
		all = append(all, lineage.Projection{Owner: owner, Nodes: []lineage.Node{n, shared}, Edges: []lineage.Edge{
			{SourceID: shared.ID, TargetID: n.ID, RelationshipType: lineage.DerivedFrom, Attributes: attributes},
			{SourceID: shared.ID, TargetID: lineage.SampleID("odd-0"), RelationshipType: lineage.CarriedOver, Attributes: lineage.Attributes{"same": "for all"}},
		}})
	}
	return all
}

// TestExportRefuses names what the files of neo4j-admin can't hold.
func TestExportRefuses(t *testing.T) {
	for what, p := range map[string]lineage.Projection{
		"an empty list":             sample("run:1", "none", []string{}),
		"an empty list of numbers":  sample("run:1", "none", []float64{}),
		"a list of an empty text":   sample("run:1", "empty", []string{""}),
		"the delimiter in a list":   sample("run:1", "list", []string{"a\x1fb"}),
		"the delimiter in an owner": sample("run:\x1f", "text", "a"),
		"a colon in a name":         sample("run:1", "a:b", "a"),
	} {
		s := memory(t)
		put(t, s, labgraph.At(0), p)
		_, err := neo4j.Export(t.Context(), s, t.TempDir())
		if lineage.KindOf(err) != lineage.ErrorInvalid || !strings.Contains(err.Error(), "import files") {
			t.Errorf("%s: %v", what, err)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := neo4j.Export(t.Context(), memory(t), dir); lineage.KindOf(err) != lineage.ErrorInvalid {
		t.Errorf("a folder with files: %v", err)
	}
}

func sample(owner lineage.Owner, attribute string, value any) lineage.Projection {
	return lineage.Projection{Owner: owner, Nodes: []lineage.Node{{
		ID: lineage.SampleID("odd"), Kind: lineage.KindSample, Name: "odd", Attributes: lineage.Attributes{attribute: value},
	}}}
}

func memory(t testing.TB) graphstore.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Memory, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func put(t *testing.T, s graphstore.Store, at time.Time, projections ...lineage.Projection) {
	t.Helper()
	for _, p := range projections {
		if _, err := s.Apply(t.Context(), p, at); err != nil {
			t.Fatal(err)
		}
	}
}

// openImported opens the database that neo4j-admin makes of an export.
func openImported(t testing.TB, dir string) *neo4j.Store {
	t.Helper()
	if os.Getenv(neo4jtest.EnvRequire) != "1" {
		neo4jtest.Server(t) // skips where there is none
	}
	server, err := neo4jtest.StartImported(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	s, err := neo4j.Open(t.Context(), neo4j.Options{URI: server.URI})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// sameOwned compares every owner's part and returns the owners.
func sameOwned(t *testing.T, want, got graphstore.Store) []lineage.Owner {
	t.Helper()
	owners, err := want.Owners(t.Context(), "", 10_000)
	if err != nil {
		t.Fatal(err)
	}
	gotOwners, err := got.Owners(t.Context(), "", 10_000)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(owners, gotOwners); diff != "" {
		t.Fatalf("owners (-want +got):\n%s", diff)
	}
	for _, owner := range owners {
		sameAnswer(t, string(owner), want, got, func(s graphstore.Store) (any, error) { return s.Owned(t.Context(), owner) })
	}
	return owners
}

// sameReads compares what people ask.
func sameReads(t *testing.T, want, got graphstore.Store, lab labgraph.Lab) {
	t.Helper()
	for _, kind := range lineage.Kinds() {
		sameAnswer(t, "find "+string(kind), want, got, func(s graphstore.Store) (any, error) {
			return s.Find(t.Context(), lineage.Find{Kind: kind, Limit: lineage.MaxPage})
		})
	}
	for _, asOf := range []time.Time{{}, labgraph.At(2), labgraph.At(5)} {
		for _, root := range []lineage.ID{lab.Measurement(1, 17), lab.Pool(0, 0), lineage.SampleID("odd-0"), lab.BufferLot(0)} {
			for _, direction := range []lineage.Direction{lineage.Upstream, lineage.Downstream} {
				sameAnswer(t, fmt.Sprintf("%s of %s as of %s", direction, root, asOf), want, got, func(s graphstore.Store) (any, error) {
					return s.Traverse(t.Context(), lineage.Traversal{Roots: []lineage.ID{root}, Direction: direction, AsOf: asOf})
				})
			}
			sameAnswer(t, fmt.Sprintf("edges of %s as of %s", root, asOf), want, got, func(s graphstore.Store) (any, error) {
				edges, _, err := s.Edges(t.Context(), root, 10_000, asOf)
				return edges, err
			})
		}
	}
}

func sameAnswer(t *testing.T, what string, want, got graphstore.Store, ask func(graphstore.Store) (any, error)) {
	t.Helper()
	expected, err := ask(want)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := ask(got)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if diff := cmp.Diff(expected, answer, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
