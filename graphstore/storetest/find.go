package storetest

import (
	"fmt"
	"testing"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// find returns all pages of an answer, taken in pages of the given size.
func find(t *testing.T, s graphstore.Store, f lineage.Find) []lineage.Node {
	t.Helper()
	var all []lineage.Node
	for {
		page, err := s.Find(t.Context(), f)
		if err != nil {
			t.Fatalf("find: %v", err)
		}
		all = append(all, page.Nodes...)
		if page.Next == "" {
			return all
		}
		if len(page.Nodes) == 0 {
			t.Fatal("an empty page with a next one")
		}
		f.After = page.Next
	}
}

func findBy(t *testing.T, s graphstore.Store) {
	well := func(run, labware, name string) lineage.Node {
		n := node(lineage.KindWellState, run+labware+name, lineage.Attributes{
			lineage.AttrRun: run, lineage.AttrLabware: labware, lineage.AttrWell: name, lineage.AttrSequence: 1.0,
		})
		n.Name = name
		return n
	}
	a1, a2, other := well("r1", "plate", "A1"), well("r1", "plate", "A2"), well("r2", "plate", "A1")
	step := node(lineage.KindStep, "A1", lineage.Attributes{lineage.AttrRun: "r1", "type": "aspirate", "it's": "so"})
	plate := node(lineage.KindLabware, "plate", lineage.Attributes{lineage.AttrBarcode: "P-1", "wells": []string{"A1"}})
	unicode := node(lineage.KindLot, "水")
	apply(t, s, part(ownerA, []lineage.Node{a1, a2, other, step, plate, unicode}), at(1), lineage.Applied{NodesAdded: 6})

	attrs := func(pairs ...string) map[string]string {
		m := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return m
	}
	sameName := sorted([]lineage.Node{a1, other})
	for _, c := range []struct {
		name string
		find lineage.Find
		want []lineage.Node
	}{
		{"kind", lineage.Find{Kind: lineage.KindWellState}, append(sameName, a2)},
		{"name", lineage.Find{Name: "A1"}, sorted([]lineage.Node{a1, other, step})},
		{"kind and name", lineage.Find{Kind: lineage.KindStep, Name: "A1"}, []lineage.Node{step}},
		{"a name is exact", lineage.Find{Name: "a1"}, nil},
		{"unicode", lineage.Find{Name: "水"}, []lineage.Node{unicode}},
		{"place", lineage.Find{Attrs: attrs("run", "r1", "labware", "plate", "well", "A1")}, []lineage.Node{a1}},
		{"run", lineage.Find{Attrs: attrs("run", "r1")}, append(sorted([]lineage.Node{a1, step}), a2)},
		{"labware", lineage.Find{Attrs: attrs("labware", "plate")}, append(sameName, a2)},
		{"well", lineage.Find{Attrs: attrs("well", "A2")}, []lineage.Node{a2}},
		{"barcode", lineage.Find{Attrs: attrs("barcode", "P-1")}, []lineage.Node{plate}},
		{"any attribute", lineage.Find{Attrs: attrs("type", "aspirate")}, []lineage.Node{step}},
		{"any key", lineage.Find{Attrs: attrs("it's", "so")}, []lineage.Node{step}},
		{"indexed and not", lineage.Find{Kind: lineage.KindStep, Attrs: attrs("run", "r1", "type", "aspirate")}, []lineage.Node{step}},
		{"a number is no string", lineage.Find{Attrs: attrs("sequence", "1")}, nil},
		{"a list is no string", lineage.Find{Attrs: attrs("wells", "A1")}, nil},
		{"no such value", lineage.Find{Attrs: attrs("run", "r3")}, nil},
		{"no such key", lineage.Find{Attrs: attrs("nothing", "")}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			same(t, "found", created(at(1), c.want...), find(t, s, c.find))
		})
	}
	same(t, "everything", 6, len(find(t, s, lineage.Find{})))
}

func findPages(t *testing.T, s graphstore.Store) {
	lots := numbered(lineage.KindLot, "lot", 25)
	for i := 10; i < 16; i++ {
		lots[i].Name = "twin" // after all the others, told apart by id
	}
	apply(t, s, part(ownerA, lots), at(1), lineage.Applied{NodesAdded: 25})
	whole := find(t, s, lineage.Find{Kind: lineage.KindLot})
	for _, size := range []int{1, 7, 24, 25, 26} {
		same(t, fmt.Sprintf("in pages of %d", size), whole, find(t, s, lineage.Find{Kind: lineage.KindLot, Limit: size}))
	}

	first, err := s.Find(t.Context(), lineage.Find{Kind: lineage.KindLot, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "first page", whole[:10], first.Nodes)
	// Between two pages the last node seen goes and two come, one on either side.
	before, behind := node(lineage.KindLot, "aaa"), node(lineage.KindLot, "zzz")
	var kept []lineage.Node
	for _, n := range lots {
		if n.ID != whole[9].ID {
			kept = append(kept, n)
		}
	}
	apply(t, s, part(ownerA, append(kept, before, behind)), at(2), lineage.Applied{NodesAdded: 2, NodesRetracted: 1})
	rest := find(t, s, lineage.Find{Kind: lineage.KindLot, Limit: 10, After: first.Next})
	same(t, "the rest", append(whole[10:], created(at(2), behind)...), rest)
}

func findInvalid(t *testing.T, s graphstore.Store) {
	for _, c := range []struct {
		find   lineage.Find
		naming string
	}{
		{lineage.Find{Kind: "Thing"}, "Thing"},
		{lineage.Find{Limit: -1}, "limit"},
		{lineage.Find{Limit: lineage.MaxPage + 1}, "limit"},
		{lineage.Find{After: "not a cursor"}, "cursor"},
		{lineage.Find{After: "bm90IGpzb24"}, "cursor"},
	} {
		_, err := s.Find(t.Context(), c.find)
		checkError(t, err, lineage.ErrorInvalid, c.naming)
	}
}
