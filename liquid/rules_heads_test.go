package liquid

// headRules are about heads of which not every nozzle has a tip, and about
// commands that fail or have no name.
func headRules() []rule {
	return []rule{
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
