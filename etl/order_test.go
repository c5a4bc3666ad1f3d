package etl_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"wellspring/etl"
	"wellspring/graphstore"
	"wellspring/ingest/intake"
	"wellspring/lineage"
)

// download is a run record in the shape of the App's download.
type download struct {
	Data     map[string]json.RawMessage `json:"data"`
	Commands struct {
		Data []map[string]json.RawMessage `json:"data"`
		Meta json.RawMessage              `json:"meta"`
	} `json:"commands"`
}

func readDownload(t testing.TB, name string) download {
	t.Helper()
	var d download
	if err := json.Unmarshal(example(t, "runs/"+name+".json"), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d download) id() string {
	var id string
	_ = json.Unmarshal(d.Data["id"], &id) // a string, or the owner is not found
	return id
}

// fragments draws a way in which a run could arrive piece by piece: its header
// early and in the end, its commands in pieces, some of them seen before they ended.
func (d download) fragments(t *rapid.T) [][]byte {
	started := maps.Clone(d.Data)
	delete(started, "completedAt")
	started["status"] = json.RawMessage(`"running"`)
	pieces := [][]byte{
		d.fragment(map[string]any{"run": started}),
		d.fragment(map[string]any{"run": d.Data, "meta": d.Commands.Meta}),
	}
	rest := d.Commands.Data
	for len(rest) > 0 {
		n := rapid.IntRange(1, len(rest)).Draw(t, "commands in a piece")
		if rapid.Bool().Draw(t, "seen running") {
			running := maps.Clone(rest[0])
			delete(running, "completedAt")
			delete(running, "result")
			running["status"] = json.RawMessage(`"running"`)
			pieces = append(pieces, d.fragment(map[string]any{"commands": []any{running}}))
		}
		pieces = append(pieces, d.fragment(map[string]any{"commands": rest[:n]}))
		rest = rest[n:]
	}
	return pieces
}

func (d download) fragment(members map[string]any) []byte {
	members["runId"] = d.id()
	text, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return text
}

// Whatever way several runs arrive, each one's graph is that of a clean import.
func TestAnyOrderEndsInTheSameGraph(t *testing.T) {
	names := []string{"two_transfers", "serial_dilution", "pcr_setup"}
	clean := newLab(t, nil)
	clean.start()
	runs := map[string]download{}
	want := map[string]lineage.Projection{}
	for _, name := range names {
		runs[name] = readDownload(t, name)
		receipt := clean.take(example(t, "runs/"+name+".json"))
		if _, err := clean.settle(receipt); err != nil {
			t.Fatal(err)
		}
		want[name] = clean.owned(lineage.RunOwner(runs[name].id()))
	}
	rapid.Check(t, func(rt *rapid.T) {
		var arrivals []intake.Message
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, len(names), rapid.ID).Draw(rt, "runs") {
			for _, piece := range runs[name].fragments(rt) {
				for copies := range rapid.SampledFrom([]int{1, 1, 1, 2, 3}).Draw(rt, "copies") {
					// From elsewhere: the journal can't tell it for a duplicate.
					arrivals = append(arrivals, intake.Message{Door: "mqtt", Origin: fmt.Sprint(copies), Payload: piece, Policy: intake.Lenient})
				}
			}
		}
		shuffle(rt, arrivals)
		workers := rapid.IntRange(1, 3).Draw(rt, "workers")
		l := openLab(t, func(c *etl.Config) { c.Workers = workers })
		defer l.close()
		l.start()
		last := map[string]intake.Receipt{}
		for len(arrivals) > 0 {
			n := rapid.IntRange(1, len(arrivals)).Draw(rt, "at once")
			receipts, err := l.intake.Accept(t.Context(), arrivals[:n]...)
			if err != nil {
				rt.Fatal(err)
			}
			for _, r := range receipts {
				last[r.Subject] = r
			}
			arrivals = arrivals[n:]
			if rapid.IntRange(0, 9).Draw(rt, "restart") == 0 {
				l.restart()
			}
		}
		for _, subject := range slices.Sorted(maps.Keys(last)) {
			if _, err := l.settle(last[subject]); err != nil {
				rt.Fatal(err)
			}
		}
		if letters := l.letters(); len(letters) > 0 {
			rt.Errorf("a dead letter: %s: %s", letters[0].Stage, letters[0].Error)
		}
		for name, run := range runs {
			if _, arrived := last["run:"+run.id()]; arrived {
				same(rt, want[name], l.owned(lineage.RunOwner(run.id())))
			}
		}
	})
}

// shuffle is rapid.Permutation without printing what it permutes.
func shuffle[T any](t *rapid.T, all []T) {
	for i := range all {
		j := rapid.IntRange(i, len(all)-1).Draw(t, "place")
		all[i], all[j] = all[j], all[i]
	}
}

// same compares two parts of a graph, created_at aside.
func same(t interface{ Errorf(string, ...any) }, want, got lineage.Projection) {
	changes, err := graphstore.Diff(manifest(got), want)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	if !changes.Applied().Changed() {
		return
	}
	t.Errorf("%s differs: %+v", want.Owner, changes.Applied())
	nodes := map[lineage.ID]lineage.Node{}
	for _, n := range got.Nodes {
		nodes[n.ID] = n
	}
	for _, n := range changes.ChangeNodes[:min(3, len(changes.ChangeNodes))] {
		t.Errorf("want %+v\ngot  %+v", n.Node, nodes[n.ID])
	}
}

func manifest(p lineage.Projection) graphstore.Manifest {
	m := graphstore.Manifest{Nodes: map[lineage.ID]lineage.Hash{}, Edges: map[lineage.EdgeKey]lineage.Hash{}}
	for _, n := range p.Nodes {
		m.Nodes[n.ID], _ = n.ContentHash() // what a store holds has a hash
	}
	for _, e := range p.Edges {
		m.Edges[e.Key()], _ = e.ContentHash()
	}
	return m
}
