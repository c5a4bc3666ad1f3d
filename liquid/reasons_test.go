package liquid

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/ot2"
)

// Each row is one gap in what is known, and where it shows.
func TestReasons(t *testing.T) {
	for _, tc := range []struct {
		name string
		do   func(p *protocol)
		want map[string][]Reason // by well, of what it holds in the end
	}{
		{
			name: "drawn from a well that was found short afterwards",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.transfer(60, "plate/A1", "plate/B1") // most likely this held some of it too
				p.transfer(60, "plate/A1", "plate/C1")
				p.liquid("water", 100, "plate/A1")
				p.transfer(20, "plate/A1", "plate/D1")
				p.transfer(20, "plate/B1", "plate/E1")
			},
			want: map[string][]Reason{
				"plate/A1": nil, "plate/B1": {ReasonShortLater}, "plate/C1": {ReasonShortLater, ReasonUndeclared},
				"plate/D1": nil, "plate/E1": {ReasonShortLater},
			},
		},
		{
			name: "unlike liquids in one tip, dispensed in part",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.liquid("dye", 100, "plate/A2")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1")
				p.aspirate(10, "plate/A2")
				p.dispense(5, "plate/B1")
				p.dispense(15, "plate/C1")
			},
			want: map[string][]Reason{"plate/A1": nil, "plate/A2": nil, "plate/B1": {ReasonUnlikeTip}, "plate/C1": {ReasonUnlikeTip}},
		},
		{
			name: "unlike liquids in one tip, dispensed as a whole",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.liquid("dye", 100, "plate/A2")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1")
				p.aspirate(10, "plate/A2")
				p.dispense(20, "plate/B1")
			},
			want: map[string][]Reason{"plate/A1": nil, "plate/A2": nil, "plate/B1": nil},
		},
		{
			name: "unlike liquids with air between, cut in the air and below it",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.liquid("dye", 100, "plate/A2")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1")
				p.inPlace("airGapInPlace", 5)
				p.aspirate(10, "plate/A2")
				p.dispense(12, "plate/B1")
				p.dispense(8, "plate/C1")
			},
			want: map[string][]Reason{"plate/A1": nil, "plate/A2": nil, "plate/B1": nil, "plate/C1": nil},
		},
		{
			name: "unlike liquids dispensed as a whole, with air and more below",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.liquid("dye", 100, "plate/A2")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1")
				p.inPlace("airGapInPlace", 5)
				p.aspirate(10, "plate/A1")
				p.aspirate(10, "plate/A2")
				p.dispense(20, "plate/B1")
				p.dispense(10, "plate/C1")
			},
			want: map[string][]Reason{"plate/A1": nil, "plate/A2": nil, "plate/B1": nil, "plate/C1": nil},
		},
		{
			name: "a mixture cut below unlike liquids, with air above",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.liquid("dye", 100, "plate/A2")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1")
				p.aspirate(10, "plate/A2")
				p.inPlace("airGapInPlace", 5)
				p.aspirate(10, "plate/A1")
				p.dispense(20, "plate/B1") // water, air, and half of the dye over water
				p.blowout("plate/C1")
			},
			want: map[string][]Reason{"plate/A1": nil, "plate/A2": nil, "plate/B1": {ReasonUnlikeTip}, "plate/C1": {ReasonUnlikeTip}},
		},
		{
			name: "one liquid from two wells is alike",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1", "plate/A2")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1")
				p.aspirate(10, "plate/A2")
				p.dispense(15, "plate/B1")
			},
			want: map[string][]Reason{"plate/A1": nil, "plate/A2": nil, "plate/B1": nil},
		},
		{
			name: "one mixture made twice is alike, in other parts it is not",
			do: func(p *protocol) {
				p.liquid("water", 60, "plate/A1", "plate/A2", "plate/A3")
				p.liquid("dye", 40, "plate/A1", "plate/A2")
				p.liquid("dye", 41, "plate/A3")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1")
				p.aspirate(10, "plate/A2")
				p.dispense(15, "plate/B1")
				p.blowout("plate/C1")
				p.aspirate(10, "plate/A1")
				p.aspirate(10, "plate/A3")
				p.dispense(15, "plate/D1")
			},
			want: map[string][]Reason{
				"plate/A1": nil, "plate/A2": nil, "plate/A3": nil, "plate/B1": nil, "plate/C1": nil, "plate/D1": {ReasonUnlikeTip},
			},
		},
		{
			name: "two undeclared liquids are unlike",
			do: func(p *protocol) {
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1")
				p.aspirate(10, "plate/A2")
				p.dispense(15, "plate/B1")
			},
			want: map[string][]Reason{"plate/A1": nil, "plate/A2": nil, "plate/B1": {ReasonUndeclared, ReasonUnlikeTip}},
		},
		{
			name: "mixed by a tip whose content is in doubt",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1")
				p.fails().dispense(5, "plate/B1")
				p.dispense(10, "plate/A1")
				p.drop("fixedTrash/A1")
				p.transfer(10, "plate/A1", "plate/C1")
			},
			want: map[string][]Reason{"plate/A1": {ReasonUncertain}, "plate/C1": {ReasonUncertain}},
		},
		{
			name: "in doubt, then emptied and filled anew: the well stays in doubt",
			do: func(p *protocol) {
				p.liquid("water", 10, "plate/A1")
				p.pickUp("rack/A1")
				p.fails().aspirate(10, "plate/A1")
				p.drop("fixedTrash/A1")
				p.transfer(10, "plate/A1", "plate/B1")
				p.liquid("dye", 10, "plate/A1")
			},
			want: map[string][]Reason{"plate/A1": {ReasonUncertain}, "plate/B1": {ReasonUncertain}},
		},
		{
			name: "drawn before a doubt and after it into one tip",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1")
				p.with("p8").fails().aspirate(10, "plate/A1")
				p.with("p1").aspirate(10, "plate/A1")
				p.dispense(10, "plate/B2") // the later ten
				p.dispense(10, "plate/C2")
			},
			want: map[string][]Reason{"plate/A1": {ReasonUncertain}, "plate/B2": {ReasonUncertain}, "plate/C2": nil},
		},
		{
			name: "no definition, and what comes from there",
			do: func(p *protocol) {
				p.command("loadLabware", ot2.Params{LoadName: "homemade", Location: &ot2.Location{Slot: "8"}}, ot2.Result{LabwareID: "odd"})
				p.liquid("water", 100, "odd/A1")
				p.transfer(10, "odd/A1", "plate/B1")
			},
			want: map[string][]Reason{"odd/A1": {ReasonNoGeometry}, "plate/B1": {ReasonNoGeometry}},
		},
		{
			name: "no height anywhere",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1", "plate/A2")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1", "top")
				p.dispense(10, "plate/B1", "top")
				p.drop("fixedTrash/A1")
			},
			want: map[string][]Reason{"plate/A1": {ReasonNoHeight}, "plate/A2": nil, "plate/B1": {ReasonNoHeight}},
		},
		{
			name: "one height said: those at the top are meant",
			do: func(p *protocol) {
				p.liquid("water", 100, "plate/A1")
				p.pickUp("rack/A1")
				p.aspirate(10, "plate/A1", "top")
				p.dispense(10, "plate/B1", "top-1")
			},
			want: map[string][]Reason{"plate/A1": nil, "plate/B1": nil},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newProtocol()
			tc.do(p)
			out := p.fold(t)
			got := map[string][]Reason{}
			for labware, wells := range out.Wells {
				for name, w := range wells {
					got[labware+"/"+name] = w.Incomplete
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What befalls a well befalls its state; what was drawn before it does not know.
func TestDoubtShowsOnTheState(t *testing.T) {
	p := newProtocol()
	loaded := p.liquid("water", 100, "plate/A1")
	before := p.transfer(10, "plate/A1", "plate/B1")
	p.pickUp("rack/A1")
	p.aspirate(10, "plate/A1")
	p.fails().dispense(5, "plate/D1")
	p.dispense(10, "plate/A1") // mixes with what is in doubt
	p.drop("fixedTrash/A1")
	after := p.transfer(10, "plate/A1", "plate/C1")
	out := p.fold(t)
	for _, tc := range []struct {
		place, command string
		want           []Reason
	}{
		{"plate/A1", loaded, []Reason{ReasonUncertain}}, {"plate/B1", before, nil}, {"plate/C1", after, []Reason{ReasonUncertain}},
	} {
		if diff := cmp.Diff(tc.want, stateOf(t, out, tc.place, tc.command).Incomplete); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.place, diff)
		}
	}
}

// A reason survives the way through words, as it goes from run to run.
func TestReasonsInWords(t *testing.T) {
	for _, r := range []reasons{undeclared, shortLater, uncertain, unlikeTip, noGeometry, noHeight, undeclared | noHeight, 0} {
		if got := reasonsOf(r.words()); got != r {
			t.Errorf("%b becomes %v becomes %b", r, r.words(), got)
		}
	}
	if got := reasonsOf([]Reason{"from the future", ReasonUncertain}); got != uncertain {
		t.Errorf("%b", got)
	}
}
