package liquid

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/ot2"
)

// rule is one rule: what a protocol does, and what the wells hold then.
type rule struct {
	name     string
	do       func(p *protocol)
	wells    map[string]string
	edges    []string
	carried  []string
	findings []string
	tips     float64
	trash    float64
}

func TestRules(t *testing.T) {
	for _, tc := range slices.Concat(wellRules(), deckRules(), headRules()) {
		t.Run(tc.name, func(t *testing.T) {
			p := newProtocol()
			tc.do(p)
			out := p.fold(t)
			if diff := cmp.Diff(tc.wells, wellsOf(p, out)); diff != "" {
				t.Errorf("wells (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.edges, edgesOf(out)); diff != "" {
				t.Errorf("edges (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.carried, carriedOf(out)); diff != "" {
				t.Errorf("carried over (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.findings, findingsOf(out)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if got := rounded(out.Balance.Tips, 1e6); got != tc.tips {
				t.Errorf("tips hold %g µL, want %g", got, tc.tips)
			}
			if got := rounded(out.Balance.Trash, 1e6); got != tc.trash {
				t.Errorf("trash holds %g µL, want %g", got, tc.trash)
			}
		})
	}
}

// wellRules are about wells and what a tip holds.
func wellRules() []rule {
	return []rule{
		{
			name: "a transfer",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.transfer(30, "plate/A1", "plate/B1")
			},
			wells: map[string]string{"plate/A1": "70 water:1", "plate/B1": "30 water:1"},
			edges: []string{"c12 plate/A1>plate/B1 30"},
		},
		{
			name: "two loads of one well add up",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.liquid("dye", 300, "plate/A1")
				p.liquid("water", 100, "plate/A1")
			},
			wells:    map[string]string{"plate/A1": "500 dye:0.6 water:0.4"},
			findings: []string{"overflow plate/A1"},
		},
		{
			name: "EMPTY and 0 µL add nothing",
			do: func(p *protocol) {
				p.liquid("EMPTY", 100, "plate/A1")
				p.liquid("water", 0, "plate/A2")
			},
			wells: map[string]string{},
		},
		{
			name: "aspirating above the top takes air",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1", "top+0.1")
				p.aspirate(10, "plate/A1", "bottom+10.1")
				p.aspirate(10, "plate/A1", "center+5.1")
				p.dispense(30, "plate/B1")
			},
			wells: map[string]string{"plate/A1": "100 water:1"},
		},
		{
			name: "aspirating at the top, below it, or from the meniscus takes liquid",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1", "top")
				p.aspirate(10, "plate/A1", "bottom+10")
				p.aspirate(10, "plate/A1", "center+5")
				p.aspirate(10, "plate/A1", "meniscus+3")
				p.aspirate(10, "plate/A1", "")
			},
			wells: map[string]string{"plate/A1": "50 water:1"},
			tips:  50,
		},
		{
			name: "dispensing from above falls into the well",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1")
				p.dispense(10, "plate/B1", "top+5")
			},
			wells: map[string]string{"plate/A1": "90 water:1", "plate/B1": "10 water:1"},
			edges: []string{"c12 plate/A1>plate/B1 10"},
		},
		{
			name: "what is lacking comes from an unknown source",
			do: func(p *protocol) {
				p.pickUp("rack/A1")
				p.aspirate(50, "plate/A1")
				p.dispense(20, "plate/B1")
			},
			wells:    map[string]string{"plate/A1": "0 (ever ?plate/A1)", "plate/B1": "20 ?plate/A1:1"},
			edges:    []string{"c11 plate/A1>plate/B1 20"},
			findings: []string{"underflow plate/A1"},
			tips:     30,
		},
		{
			name: "what is lacking mixes with what is there",
			do: func(p *protocol) {
				p.liquid("water", 30, "plate/A1")
				p.transfer(40, "plate/A1", "plate/B1")
			},
			wells:    map[string]string{"plate/A1": "0 (ever water ?plate/A1)", "plate/B1": "40 water:0.75 ?plate/A1:0.25"},
			edges:    []string{"c12 plate/A1>plate/B1 40"},
			findings: []string{"overdraw plate/A1"},
		},
		{
			name: "what comes in later is no origin of what was drawn, and a refilled well forgets",
			do: func(p *protocol) {
				p.liquid("water", 10, "plate/A1")
				p.transfer(10, "plate/A1", "plate/B1")
				p.liquid("dye", 10, "plate/A1")
				p.transfer(10, "plate/A1", "plate/C1")
			},
			wells: map[string]string{
				"plate/A1": "0 (ever dye water)", "plate/B1": "10 water:1", "plate/C1": "10 dye:1",
			},
			edges: []string{"c12 plate/A1>plate/B1 10", "c17 plate/A1>plate/C1 10"},
		},
		{
			name: "last in, first out, with air between",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.liquid("dye", 100, "plate/A2")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1")
				p.inPlace("airGapInPlace", 5)
				p.aspirate(10, "plate/A2")
				p.dispense(12, "plate/B1") // dye and 2 µL of air
				p.dispense(8, "plate/C1")  // 3 µL of air and 5 of water
			},
			wells: map[string]string{
				"plate/A1": "90 water:1", "plate/A2": "90 dye:1", "plate/B1": "10 dye:1", "plate/C1": "5 water:1",
			},
			edges:   []string{"c15 plate/A2>plate/B1 10", "c16 plate/A1>plate/C1 5"},
			carried: []string{"c14 plate/A1>plate/A2", "c16 plate/B1>plate/C1"},
			tips:    5,
		},
		{
			name: "a pre-wet tip, and unlike liquids dispensed in part",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.liquid("dye", 100, "plate/A2")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1")
				p.aspirate(10, "plate/A2")
				p.dispense(15, "plate/B1")
			},
			wells: map[string]string{
				"plate/A1": "90 water:1", "plate/A2": "90 dye:1", "plate/B1": "15 dye:0.6667 water:0.3333",
			},
			edges:    []string{"c14 plate/A2>plate/B1 10", "c14 plate/A1>plate/B1 5"},
			carried:  []string{"c13 plate/A1>plate/A2"},
			findings: []string{"unlike-liquids-in-tip plate/B1"},
			tips:     5,
		},
		{
			name: "a dispense gives no more than the tip holds",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1")
				p.dispense(25, "plate/B1")
			},
			wells:    map[string]string{"plate/A1": "90 water:1", "plate/B1": "10 water:1"},
			edges:    []string{"c12 plate/A1>plate/B1 10"},
			findings: []string{"dispense-short"},
		},
		{
			name: "push-out adds nothing",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1")
				p.dispense(10, "plate/B1")
				pushOut := 3.0
				p.last().Params.PushOut = &pushOut
			},
			wells: map[string]string{"plate/A1": "90 water:1", "plate/B1": "10 water:1"},
			edges: []string{"c12 plate/A1>plate/B1 10"},
		},
		{
			name: "noise decides nothing",
			do: func(p *protocol) {
				p.liquid("water", 30, "plate/A1")
				p.pickUp("rack/A1")
				for range 3 {
					p.aspirate(10.0000003, "plate/A1") // lacks 9e-7 in the end
				}
				p.dispense(29.9999995, "plate/B1")
				p.aspirate(0.0000001, "plate/C1")
			},
			wells:   map[string]string{"plate/A1": "0 (ever water)", "plate/B1": "30 water:1"},
			edges:   []string{"c14 plate/A1>plate/B1 30"},
			carried: []string{"c15 plate/B1>plate/C1"},
		},
		{
			name: "a blow-out gives all that is left, air too",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1")
				p.inPlace("airGapInPlace", 5)
				p.dispense(7, "plate/B1") // 5 µL of air, 2 of water
				p.blowout("plate/C1", "top")
				p.dispense(10, "plate/D1")
			},
			wells:    map[string]string{"plate/A1": "90 water:1", "plate/B1": "2 water:1", "plate/C1": "8 water:1"},
			edges:    []string{"c13 plate/A1>plate/B1 2", "c14 plate/A1>plate/C1 8"},
			carried:  []string{"c14 plate/B1>plate/C1", "c15 plate/C1>plate/D1"},
			findings: []string{"dispense-short"},
		},
		{
			name: "into trash, by addressable area, by id, by definition",
			do: func(p *protocol) {
				p.load("bin", "9", trashDefinition())
				p.liquid("water", 100, "plate/A1")
				p.pickUp("rack/A1")
				p.aspirate(40, "plate/A1")
				p.overTrash()
				p.inPlace("dispenseInPlace", 1)
				p.inPlace("blowOutInPlace")
				p.aspirate(20, "plate/A1")
				p.dispense(3, "bin/A1")
				p.dispense(4, "fixedTrash/A1")
				p.drop("fixedTrash/A1")
			},
			wells: map[string]string{"plate/A1": "40 water:1"},
			edges: []string{
				"c14 plate/A1>fixedTrash 1", "c15 plate/A1>fixedTrash 39",
				"c17 plate/A1>bin/A1 3", "c18 plate/A1>fixedTrash/A1 4", "c19 plate/A1>fixedTrash/A1 13",
			},
			trash: 60,
		},
		{
			name: "in place, where the pipette stands",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.pickUp("rack/A1")
				p.moveTo("plate/A1")
				p.inPlace("aspirateInPlace", 20)
				p.moveTo("plate/A1", "top+2")
				p.inPlace("aspirateInPlace", 5) // air
				p.command("touchTip", p.params("plate/B1", []string{"top-1"}), ot2.Result{})
				p.command("home", ot2.Params{}, ot2.Result{})
				p.inPlace("dispenseInPlace", 15) // 5 air, 10 water
				p.moveTo("plate/C1")
				p.inPlace("blowOutInPlace")
			},
			wells:   map[string]string{"plate/A1": "80 water:1", "plate/B1": "10 water:1", "plate/C1": "10 water:1"},
			edges:   []string{"c17 plate/A1>plate/B1 10", "c19 plate/A1>plate/C1 10"},
			carried: []string{"c19 plate/B1>plate/C1"},
		},
	}
}
