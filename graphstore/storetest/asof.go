package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// moments are both sides of each boundary, and beyond what a store can keep.
func moments(boundaries ...time.Time) []time.Time {
	all := []time.Time{now, time.Date(1, 2, 3, 4, 5, 6, 7, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	for _, b := range boundaries {
		all = append(all, b.Add(-1), b, b.Add(1))
	}
	return all
}

func asOfEdges(t *testing.T, s graphstore.Store) {
	hub := node(lineage.KindLot, "hub")
	wells := numbered(lineage.KindWellState, "well", 3)
	kept, changes, goes := derived(wells[0], hub), derived(wells[1], hub), derived(wells[2], hub)
	changed := changes
	changed.Attributes = lineage.Attributes{lineage.AttrVolumeUl: 5.0}
	all := append([]lineage.Node{hub}, wells...)
	apply(t, s, part(ownerA, all, kept, changes, goes), at(1), lineage.Applied{NodesAdded: 4, EdgesAdded: 3})
	apply(t, s, part(ownerA, all, kept, changed), at(3), lineage.Applied{EdgesChanged: 1, EdgesRetracted: 1})
	apply(t, s, part(ownerA, all, kept, changed, goes), at(5), lineage.Applied{EdgesAdded: 1})

	for _, asOf := range moments(at(1), at(3), at(5)) {
		var want []lineage.Edge
		switch {
		case asOf.IsZero() || !asOf.Before(at(5)):
			want = slices.Concat(createdEdges(at(1), kept), createdEdges(at(3), changed), createdEdges(at(5), goes))
		case !asOf.Before(at(3)):
			want = slices.Concat(createdEdges(at(1), kept), createdEdges(at(3), changed))
		case !asOf.Before(at(1)):
			want = createdEdges(at(1), kept, changes, goes)
		}
		want = inKeyOrder(want)
		same(t, fmt.Sprintf("at the hub, as of %s", asOf), want, edgesAt(t, s, asOf, hub.ID))
		for _, limit := range []int{1, 2, 3} {
			got, more, err := s.Edges(t.Context(), hub.ID, limit, asOf)
			if err != nil {
				t.Fatal(err)
			}
			same(t, fmt.Sprintf("the first %d, as of %s", limit, asOf), want[:min(limit, len(want))], got)
			same(t, "more", limit < len(want), more)
		}
		ofLast := slices.DeleteFunc(want, func(e lineage.Edge) bool { return e.TargetID != wells[2].ID })
		same(t, fmt.Sprintf("at a well, as of %s", asOf), ofLast, edgesAt(t, s, asOf, wells[2].ID))
	}
}

func inKeyOrder(edges []lineage.Edge) []lineage.Edge {
	slices.SortFunc(edges, func(a, b lineage.Edge) int { return a.Key().Compare(b.Key()) })
	return edges
}

// asOfFind is a plate that got another name and barcode, and a well that was
// never filled.
func asOfFind(t *testing.T, s graphstore.Store) {
	plate := node(lineage.KindLabware, "plate", lineage.Attributes{
		lineage.AttrRun: "r", lineage.AttrLabware: "p", lineage.AttrBarcode: "P-1", "label": "one",
	})
	well := node(lineage.KindWellState, "A1", lineage.Attributes{lineage.AttrRun: "r", lineage.AttrLabware: "p", lineage.AttrWell: "A1"})
	renamed := plate
	renamed.Name = "plate, corrected"
	renamed.Attributes = lineage.Attributes{lineage.AttrRun: "r", lineage.AttrLabware: "p", lineage.AttrBarcode: "P-2", "label": "two"}
	apply(t, s, part(ownerA, []lineage.Node{plate, well}), at(1), lineage.Applied{NodesAdded: 2})
	apply(t, s, part(ownerA, []lineage.Node{renamed}), at(3), lineage.Applied{NodesChanged: 1, NodesRetracted: 1})
	apply(t, s, part(ownerA, nil), at(5), lineage.Applied{NodesRetracted: 1})
	apply(t, s, part(ownerA, []lineage.Node{plate}), at(7), lineage.Applied{NodesAdded: 1})

	is := func(pairs ...string) map[string]string {
		m := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return m
	}
	for _, asOf := range moments(at(1), at(3), at(5), at(7)) {
		var there []lineage.Node
		switch {
		case asOf.IsZero() || !asOf.Before(at(7)):
			there = created(at(7), plate)
		case !asOf.Before(at(5)):
		case !asOf.Before(at(3)):
			there = created(at(3), renamed)
		case !asOf.Before(at(1)):
			there = created(at(1), well, plate) // in order of name
		}
		for _, f := range []lineage.Find{
			{},
			{Kind: lineage.KindLabware},
			{Kind: lineage.KindWellState},
			{Name: "plate"},
			{Kind: lineage.KindLabware, Name: "plate, corrected"},
			{Kind: lineage.KindLot, Name: "plate"},
			{Attrs: is("barcode", "P-1")},
			{Attrs: is("barcode", "P-2")},
			{Attrs: is("run", "r")},
			{Attrs: is("run", "r"), Kind: lineage.KindWellState},
			{Attrs: is("labware", "p"), Name: "plate"},
			{Attrs: is("well", "A1")},
			{Attrs: is("run", "r", "labware", "p", "well", "A1")},
			{Attrs: is("label", "two")},
			{Attrs: is("barcode", "P-1", "label", "one"), Kind: lineage.KindLabware},
		} {
			f.AsOf = asOf
			want := slices.DeleteFunc(slices.Clone(there), func(n lineage.Node) bool { return !matches(n, f) })
			same(t, fmt.Sprintf("find %+v", f), want, find(t, s, f))
		}
	}
}

// asOfFindPages reads a past that is spread over current nodes, old contents and
// retracted nodes, in pages of every size, while more is written.
func asOfFindPages(t *testing.T, s graphstore.Store) {
	lots := numbered(lineage.KindLot, "lot", 24)
	apply(t, s, part(ownerA, lots), at(1), lineage.Applied{NodesAdded: 24})
	whole := created(at(1), lots...)
	later := slices.Clone(lots[:16])
	for i := range 8 {
		later[i].Name = fmt.Sprintf("renamed-%02d", i)
	}
	apply(t, s, part(ownerA, later), at(2), lineage.Applied{NodesChanged: 8, NodesRetracted: 8})

	asOf := lineage.Find{Kind: lineage.KindLot, AsOf: at(1)}
	for _, size := range []int{1, 5, 23, 24, 25} {
		asOf.Limit = size
		same(t, fmt.Sprintf("in pages of %d", size), whole, find(t, s, asOf))
	}
	asOf.Limit = 10
	first, err := s.Find(t.Context(), asOf)
	if err != nil {
		t.Fatal(err)
	}
	apply(t, s, part(ownerA, nil), at(3), lineage.Applied{NodesRetracted: 16})
	asOf.After = first.Next
	same(t, "the rest after a write", whole[10:], find(t, s, asOf))
}

// asOfTimesGoBack has a second owner tell, later, of an earlier time.
func asOfTimesGoBack(t *testing.T, s graphstore.Store) {
	lot := node(lineage.KindLot, "lot", lineage.Attributes{lineage.AttrRun: "r"})
	well := node(lineage.KindWellState, "well")
	other := lot
	other.Name = "lot, by another name"
	loaded := derived(well, lot)
	loadedMore := loaded
	loadedMore.Attributes = lineage.Attributes{lineage.AttrVolumeUl: 9.0}

	apply(t, s, part(ownerA, []lineage.Node{lot, well}, loaded), at(1), lineage.Applied{NodesAdded: 2, EdgesAdded: 1})
	apply(t, s, part(ownerA, nil), at(6), lineage.Applied{NodesRetracted: 2, EdgesRetracted: 1})
	apply(t, s, part(ownerB, []lineage.Node{other, well}, loadedMore), at(3), lineage.Applied{NodesAdded: 2, EdgesAdded: 1})
	// Now the first is true from 1 until 6, the second from 3 on.
	see := func(what string, asOf, since time.Time, n lineage.Node, e lineage.Edge) {
		t.Helper()
		same(t, what+": nodes", created(since, n), nodesAt(t, s, asOf, n.ID))
		same(t, what+": edges", createdEdges(since, e), edgesAt(t, s, asOf, n.ID))
		for _, f := range []lineage.Find{{Kind: lineage.KindLot}, {Attrs: map[string]string{lineage.AttrRun: "r"}}, {Name: lot.Name}, {Name: other.Name}} {
			f.AsOf, f.Limit = asOf, 1
			want := slices.DeleteFunc(created(since, n), func(n lineage.Node) bool { return !matches(n, f) })
			same(t, fmt.Sprintf("%s: find %+v", what, f), want, find(t, s, f))
		}
		for direction, root := range map[lineage.Direction]lineage.ID{lineage.Upstream: well.ID, lineage.Downstream: lot.ID} {
			g := traverse(t, s, lineage.Traversal{Roots: []lineage.ID{root}, Direction: direction, AsOf: asOf})
			same(t, what+": edges "+string(direction), createdEdges(since, e), g.Edges)
			same(t, what+": nodes "+string(direction), 2, len(g.Nodes))
			same(t, what+": the lot", true, slices.ContainsFunc(g.Nodes, func(r lineage.Reached) bool { return r.Name == n.Name }))
		}
	}
	see("now", now, at(3), other, loadedMore)
	see("before the second", at(2), at(1), lot, loaded)
	see("both: the current one counts", at(4), at(3), other, loadedMore)
	see("after the first", at(7), at(3), other, loadedMore)

	apply(t, s, part(ownerB, nil), at(8), lineage.Applied{NodesRetracted: 2, EdgesRetracted: 1})
	see("both past: the one that began last", at(4), at(3), other, loadedMore)
	same(t, "nothing is left", nil, find(t, s, lineage.Find{AsOf: at(8)}))

	// What is current may have begun before what is past.
	apply(t, s, part(ownerA, []lineage.Node{lot, well}, loaded), at(2), lineage.Applied{NodesAdded: 2, EdgesAdded: 1})
	see("began before: the current one counts", at(4), at(2), lot, loaded)
}

// asOfBounds stops before a node that another owner's edge led to before the node
// was there: then nothing was cut.
func asOfBounds(t *testing.T, s graphstore.Store) {
	lot, well, later := node(lineage.KindLot, "lot"), node(lineage.KindWellState, "well"), node(lineage.KindWellState, "later")
	loaded, drawn := derived(well, lot), derived(later, well)
	apply(t, s, part(ownerA, []lineage.Node{lot, well}, loaded), at(1), lineage.Applied{NodesAdded: 2, EdgesAdded: 1})
	apply(t, s, part(ownerB, []lineage.Node{later}), at(5), lineage.Applied{NodesAdded: 1})
	apply(t, s, part(ownerA, []lineage.Node{lot, well}, loaded, drawn), at(2), lineage.Applied{EdgesAdded: 1})
	for _, q := range []lineage.Traversal{{Depth: 1}, {Nodes: 2}} {
		q.Roots, q.Direction = ids([]lineage.Node{lot}), lineage.Downstream
		for asOf, cut := range map[time.Time]bool{at(3): false, at(5): true} {
			q.AsOf = asOf
			g := traverse(t, s, q)
			same(t, fmt.Sprintf("%+v: nodes", q), 2, len(g.Nodes))
			same(t, fmt.Sprintf("%+v: truncated", q), cut, g.Truncated)
		}
	}
}
