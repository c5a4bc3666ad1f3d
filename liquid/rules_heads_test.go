package liquid

import "wellspring/ot2"

// headRules are about heads of which not every nozzle has a tip, and about
// commands that fail or have no name.
func headRules() []rule {
	return []rule{
		{
			name: "given back to its well together with something foreign",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.liquid("dye", 100, "plate/B1")
				p.pickUp("rack/A1")
				p.aspirate(20, "plate/A1")
				p.aspirate(20, "plate/B1")
				p.dispense(40, "plate/A1")
			},
			wells:   map[string]string{"plate/A1": "120 dye:0.1667 water:0.8333", "plate/B1": "80 dye:1"},
			edges:   []string{"c14 plate/B1>plate/A1 20", "c14 plate/A1>plate/A1 20"},
			carried: []string{"c13 plate/A1>plate/B1"},
		},
		{
			name: "liquid declared in a well that is none, and in labware without a definition",
			do: func(p *protocol) {
				p.command("loadLabware", ot2.Params{LoadName: "homemade"}, ot2.Result{LabwareID: "odd"})
				p.liquid("water", 1e5, "plate/Z1", "odd/A1", "odd/B1")
			},
			wells:    map[string]string{"plate/Z1": "100000 water:1", "odd/A1": "100000 water:1", "odd/B1": "100000 water:1"},
			findings: []string{"unknown-well plate/Z1", "no-definition odd"},
		},
		{
			name: "tips still on the last nozzles at a pick-up go to the trash",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.with("p8").nozzles("COLUMN", "H1")
				p.pickUp("rack/B1") // on G and H
				p.aspirate(10, "plate/B1")
				p.pickUp("rack/B2")
				p.dispense(10, "plate/B2")
			},
			wells:    map[string]string{"plate/A1": "90 water:1", "plate/B1": "0 (ever ?plate/B1)"},
			findings: []string{"underflow plate/B1", "tip-lost", "dispense-short"},
			trash:    20,
		},
		{
			name: "in place, failed: over a well, over trash, over a rack, over nothing",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1")
				p.moveTo("plate/B1")
				p.fails().inPlace("dispenseInPlace", 10)
				p.moveTo("fixedTrash/A1")
				p.fails().inPlace("blowOutInPlace")
				p.moveTo("rack/A1")
				p.fails().inPlace("dropTipInPlace")
				p.overTrash()
				p.fails().inPlace("aspirateInPlace", 10)
				p.fails().pickUp("rack/B1")
			},
			wells:    map[string]string{"plate/A1": "90 water:1"},
			findings: []string{"uncertain plate/B1"},
			tips:     10,
		},
		{
			name: "commands without an id all count",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.pickUp("rack/A1")
				for range 3 {
					p.aspirate(10, "plate/A1")
					p.last().ID = ""
				}
			},
			wells: map[string]string{"plate/A1": "70 water:1"},
			tips:  30,
		},
	}
}
