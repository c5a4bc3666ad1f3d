package liquid

import "wellspring/ot2"

// deckRules are about tips, heads, labware, and what never happened.
func deckRules() []rule {
	return []rule{
		{
			name: "nowhere known: draws air, dispenses outside",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.pickUp("rack/A1")
				p.aspirate(20, "plate/A1")
				p.command("moveToCoordinates", ot2.Params{PipetteID: "p1"}, ot2.Result{})
				p.inPlace("aspirateInPlace", 5)
				p.inPlace("dispenseInPlace", 10)
			},
			wells:    map[string]string{"plate/A1": "80 water:1"},
			edges:    []string{"c14 plate/A1>outside 5"},
			findings: []string{"outside"},
			tips:     15,
			trash:    5,
		},
		{
			name: "a tip put back keeps its content and its past",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.pickUp("rack/B1")
				p.aspirate(20, "plate/A1")
				p.drop("rack/B1")
				p.pickUp("rack/A1")
				p.dispense(20, "plate/D1") // another tip: empty
				p.drop("rack/A1")
				p.pickUp("rack/B1")
				p.dispense(5, "plate/B1")
				p.drop("rack/B1")
			},
			wells:    map[string]string{"plate/A1": "80 water:1", "plate/B1": "5 water:1"},
			edges:    []string{"c17 plate/A1>plate/B1 5"},
			findings: []string{"dispense-short"},
			tips:     15,
		},
		{
			name: "dropped into other labware, the rest goes into the well",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.pickUp("rack/A1")
				p.aspirate(20, "plate/A1")
				p.drop("plate/B1")
			},
			wells: map[string]string{"plate/A1": "80 water:1", "plate/B1": "20 water:1"},
			edges: []string{"c12 plate/A1>plate/B1 20"},
		},
		{
			name: "dropTipInPlace, where it stands",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.pickUp("rack/A1")
				p.aspirate(20, "plate/A1")
				p.moveTo("rack/A1")
				p.inPlace("dropTipInPlace")
				p.pickUp("rack/A1")
				p.moveTo("plate/B1")
				p.inPlace("dropTipInPlace")
			},
			wells: map[string]string{"plate/A1": "80 water:1", "plate/B1": "20 water:1"},
			edges: []string{"c16 plate/A1>plate/B1 20"},
		},
		{
			name: "a tip still on at a pick-up goes to the trash",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.pickUp("rack/A1")
				p.aspirate(20, "plate/A1")
				p.pickUp("rack/B1")
				p.dispense(20, "plate/B1")
			},
			wells:    map[string]string{"plate/A1": "80 water:1"},
			findings: []string{"tip-lost", "dispense-short"},
			trash:    20,
		},
		{
			name: "without a pick-up there are fresh tips",
			do: func(p *protocol) {
				p.liquid("water", 100, "reservoir/A1")
				p.with("p8")
				p.aspirate(10, "reservoir/A1")
				p.dispense(10, "plate/A1")
			},
			wells: map[string]string{
				"reservoir/A1": "20 water:1",
				"plate/A1":     "10 water:1", "plate/B1": "10 water:1", "plate/C1": "10 water:1", "plate/D1": "10 water:1",
				"plate/E1": "10 water:1", "plate/F1": "10 water:1", "plate/G1": "10 water:1", "plate/H1": "10 water:1",
			},
			edges: []string{
				"c11 reservoir/A1>plate/A1 10", "c11 reservoir/A1>plate/B1 10", "c11 reservoir/A1>plate/C1 10", "c11 reservoir/A1>plate/D1 10",
				"c11 reservoir/A1>plate/E1 10", "c11 reservoir/A1>plate/F1 10", "c11 reservoir/A1>plate/G1 10", "c11 reservoir/A1>plate/H1 10",
			},
		},
		{
			name: "a head with a tip on its last nozzle only, over a trough",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.with("p8").nozzles("SINGLE", "H1")
				p.pickUp("rack/A1")
				p.nozzles("ALL", "")
				p.nozzles("COLUMN", "H1")
				p.aspirate(10, "plate/A1")
				p.dispense(10, "open/A1")
			},
			wells: map[string]string{"plate/A1": "90 water:1", "open/A1": "10 water:1"},
			edges: []string{"c15 plate/A1>open/A1 10"},
		},
		{
			name: "a dispense without a pick-up has fresh tips too, which remember what they touched",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/B1")
				p.dispense(10, "plate/A1")
				p.aspirate(10, "plate/B1")
			},
			wells:    map[string]string{"plate/B1": "90 water:1"},
			carried:  []string{"c11 plate/A1>plate/B1"},
			findings: []string{"dispense-short"},
			tips:     10,
		},
		{
			name: "more than a well can hold, by dispensing and by mixing",
			do: func(p *protocol) {
				p.liquid("water", 360, "plate/A1", "plate/B1", "plate/C1")
				p.transfer(10, "plate/A1", "plate/B1")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/C1")
				p.last().Result.Volume = nil
				p.dispense(10, "plate/C1") // full again, no more
				p.dispense(0, "plate/B1")
			},
			wells:    map[string]string{"plate/A1": "350 water:1", "plate/B1": "370 water:1", "plate/C1": "360 water:1"},
			edges:    []string{"c14 plate/A1>plate/B1 10", "c18 plate/C1>plate/C1 10"},
			carried:  []string{"c19 plate/C1>plate/B1"},
			findings: []string{"overflow plate/B1"},
		},
		{
			name: "tips put back by some nozzles only: the others go to the trash",
			do: func(p *protocol) {
				p.liquid("water", 1000, "reservoir/A1")
				p.with("p8").pickUp("rack/A1")
				p.aspirate(10, "reservoir/A1")
				p.nozzles("SINGLE", "H1")
				p.drop("rack/A1")
				p.pickUp("rack/A1")
				p.dispense(4, "plate/A1")
			},
			wells: map[string]string{"reservoir/A1": "920 water:1", "plate/A1": "4 water:1"},
			edges: []string{"c15 reservoir/A1>plate/A1 4"},
			tips:  6,
			trash: 70,
		},
		{
			name: "1e-6 µL is nothing, a little more is something",
			do: func(p *protocol) {
				p.liquid("water", 1e-6, "plate/A1")
				p.liquid("water", 2e-6, "plate/B1")
				p.pickUp("rack/A1")
				p.aspirate(1e-6, "plate/B1")
				p.aspirate(1.5e-6, "plate/B1") // leaves no more than nothing: takes all
				p.dispense(1e-6, "plate/C1")
				p.dispense(1.5e-6, "plate/D1")
			},
			wells:   map[string]string{"plate/B1": "0 (ever water)", "plate/D1": "2e-06 water:1"},
			edges:   []string{"c15 plate/B1>plate/D1 2e-06"},
			carried: []string{"c14 plate/B1>plate/C1", "c15 plate/C1>plate/D1"},
		},
		{
			name: "wells that a definition doesn't have",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/Z1")
				p.transfer(10, "plate/Z1", "plate/A1")
			},
			wells:    map[string]string{"plate/Z1": "90 water:1", "plate/A1": "10 water:1"},
			edges:    []string{"c12 plate/Z1>plate/A1 10"},
			findings: []string{"unknown-well plate/Z1"},
		},
		{
			name: "labware moved, off the deck and on again: content stays",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.command("moveLabware", ot2.Params{LabwareID: "plate", NewLocation: &ot2.Location{OffDeck: true}}, ot2.Result{})
				p.load("second", "2", plate96())
				p.transfer(10, "second/A1", "second/B1")
				p.command("moveLabware", ot2.Params{LabwareID: "second", NewLocation: &ot2.Location{OffDeck: true}}, ot2.Result{})
				p.command("moveLabware", ot2.Params{LabwareID: "plate", NewLocation: &ot2.Location{Slot: "2"}}, ot2.Result{})
				p.command("reloadLabware", ot2.Params{LabwareID: "plate"}, ot2.Result{LabwareID: "plate", Definition: plate96()})
				p.transfer(10, "plate/A1", "plate/B1")
			},
			wells: map[string]string{
				"plate/A1": "90 water:1", "plate/B1": "10 water:1",
				"second/A1": "0 (ever ?second/A1)", "second/B1": "10 ?second/A1:1",
			},
			edges:    []string{"c14 second/A1>second/B1 10", "c21 plate/A1>plate/B1 10"},
			findings: []string{"underflow second/A1"},
		},
		{
			name: "set-up moves nothing",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.pickUp("rack/A1")
				for range 3 {
					p.aspirate(10, "plate/A1")
					p.last().Intent = "setup"
				}
				p.liquid("dye", 100, "plate/A1")
				p.last().Intent = "setup"
				p.pickUp("rack/B1")
				p.last().Intent = "setup"
			},
			wells: map[string]string{"plate/A1": "100 water:1"},
		},
		{
			name: "what was planned or failed or never ran moves nothing",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1")
				p.last().Status = ot2.StatusQueued
				p.aspirate(10, "plate/A1")
				p.last().Status = ot2.StatusFailed
				p.last().StartedAt = noTime
				p.aspirate(10, "plate/A1")
				p.last().StartedAt = noTime
			},
			wells: map[string]string{"plate/A1": "100 water:1"},
		},
		{
			name: "a failed command makes its target uncertain",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.pickUp("rack/A1")
				p.fails().aspirate(10, "plate/A1")
				p.aspirate(10, "plate/A1") // the retry
				p.fails().dispense(10, "plate/B1")
			},
			wells:    map[string]string{"plate/A1": "90 water:1"},
			findings: []string{"uncertain plate/A1", "uncertain plate/B1"},
			tips:     10,
		},
		{
			name: "a volume that is none moves nothing",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.liquid("water", -3, "plate/A2")
				p.pickUp("rack/A1")
				p.aspirate(-10, "plate/A1")
				p.aspirate(nan, "plate/A1")
			},
			wells:    map[string]string{"plate/A1": "100 water:1"},
			findings: []string{"invalid-volume"},
		},
		{
			name: "labware that nobody loaded",
			do: func(p *protocol) {
				p.with("p8").pickUp("rack/A1")
				p.aspirate(5, "mystery/A1")
				p.dispense(5, "plate/A1")
			},
			wells: map[string]string{
				"mystery/A1": "0 (ever ?mystery/A1)",
				"plate/A1":   "5 ?mystery/A1:1", "plate/B1": "5 ?mystery/A1:1", "plate/C1": "5 ?mystery/A1:1", "plate/D1": "5 ?mystery/A1:1",
				"plate/E1": "5 ?mystery/A1:1", "plate/F1": "5 ?mystery/A1:1", "plate/G1": "5 ?mystery/A1:1", "plate/H1": "5 ?mystery/A1:1",
			},
			edges: []string{
				"c11 mystery/A1>plate/A1 5", "c11 mystery/A1>plate/B1 5", "c11 mystery/A1>plate/C1 5", "c11 mystery/A1>plate/D1 5",
				"c11 mystery/A1>plate/E1 5", "c11 mystery/A1>plate/F1 5", "c11 mystery/A1>plate/G1 5", "c11 mystery/A1>plate/H1 5",
			},
			findings: []string{"unknown-labware mystery", "no-definition mystery", "underflow mystery/A1"},
		},
	}
}
