package liquid

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/ot2"
)

// Which well each nozzle of an 8-channel stands over, A at the back first: "-"
// is none, "." a nozzle that is not active.
func TestNozzlesReach(t *testing.T) {
	all := ot2.NozzleLayout{Style: "ALL"}
	deep24 := grid("test_24_deepwell", 4, 6, 18, 0, 10400)
	for name, w := range deep24.Wells {
		w.Shape, w.XDimension, w.YDimension = "rectangular", 17, 17
		deep24.Wells[name] = w
	}
	edge := grid("test_edge", 2, 1, 9, 18, 100) // A1's rim touches B1's centre, and B1's A1's
	centredColumn := grid("test_centred", 8, 1, 9, 6.85, 100)
	centredColumn.Quirks = []string{"other", "centerMultichannelOnWells"}
	noGaps := grid("test_no_gaps", 4, 6, 18, 0, 100)
	for name, w := range noGaps.Wells {
		w.Shape, w.XDimension, w.YDimension = "rectangular", 18, 18
		noGaps.Wells[name] = w
	}
	for _, tc := range []struct {
		name   string
		def    *ot2.Definition
		layout ot2.NozzleLayout
		well   string
		want   string
	}{
		{"a column of a 96 plate", plate96(), all, "A3", "A3 B3 C3 D3 E3 F3 G3 H3"},
		{"from a lower row, over the edge", plate96(), all, "C3", "C3 D3 E3 F3 G3 H3 - -"},
		{"every second row of a 384 plate", plate384(), all, "A1", "A1 C1 E1 G1 I1 K1 M1 O1"},
		{"the other rows of a 384 plate", plate384(), all, "B24", "B24 D24 F24 H24 J24 L24 N24 P24"},
		{"one trough, centred", trough12(), all, "A5", "A5 A5 A5 A5 A5 A5 A5 A5"},
		{"one trough without the quirk", openTrough(), all, "A1", "A1 A1 A1 A1 A1 A1 A1 A1"},
		{"tubes wherever a nozzle meets one", tubes(), all, "A1", "A1 - B1 - C1 - - D1"},
		{"deep wells 18 mm apart", deep24, all, "A1", "A1 - B1 - C1 - D1 -"},
		{"the nearest centre of two", edge, ot2.NozzleLayout{Style: "QUADRANT", PrimaryNozzle: "A1", BackLeftNozzle: "A1", FrontRight: "B1"}, "A1", "A1 B1 . . . . . ."},
		{"the middle of three centred nozzles", centredColumn, ot2.NozzleLayout{Style: "QUADRANT", PrimaryNozzle: "H1", BackLeftNozzle: "F1"}, "D1", ". . . . . C1 D1 E1"},
		{"wells as long as the span, all met: no trough", noGaps, ot2.NozzleLayout{Style: "QUADRANT", PrimaryNozzle: "A1", FrontRight: "C1"}, "A1", "A1 A1 B1 . . . . ."},
		{"no definition", nil, all, "A1", "A1 A1 A1 A1 A1 A1 A1 A1"},
		{"no such well", plate96(), all, "Q1", "Q1 Q1 Q1 Q1 Q1 Q1 Q1 Q1"},

		{"SINGLE at the back", plate96(), ot2.NozzleLayout{Style: "SINGLE", PrimaryNozzle: "A1"}, "C3", "C3 . . . . . . ."},
		{"SINGLE in front", plate96(), ot2.NozzleLayout{Style: "SINGLE", PrimaryNozzle: "H1"}, "C3", ". . . . . . . C3"},
		{"SINGLE in a centred trough", trough12(), ot2.NozzleLayout{Style: "SINGLE", PrimaryNozzle: "H1"}, "A5", ". . . . . . . A5"},
		{"ROW: a head of one column has one nozzle in a row", plate96(), ot2.NozzleLayout{Style: "ROW", PrimaryNozzle: "D1"}, "A1", ". . . A1 . . . ."},
		{"COLUMN", plate96(), ot2.NozzleLayout{Style: "COLUMN", PrimaryNozzle: "A1"}, "A1", "A1 B1 C1 D1 E1 F1 G1 H1"},
		{"COLUMN from the front", plate96(), ot2.NozzleLayout{Style: "COLUMN", PrimaryNozzle: "H1"}, "H1", "A1 B1 C1 D1 E1 F1 G1 H1"},
		{"COLUMN from the front, over the edge", plate96(), ot2.NozzleLayout{Style: "COLUMN", PrimaryNozzle: "H1"}, "B1", "- - - - - - A1 B1"},
		{"QUADRANT at the back", plate96(), ot2.NozzleLayout{Style: "QUADRANT", PrimaryNozzle: "A1", FrontRight: "D1"}, "B1", "B1 C1 D1 E1 . . . ."},
		{"QUADRANT in front", plate96(), ot2.NozzleLayout{Style: "QUADRANT", PrimaryNozzle: "H1", BackLeftNozzle: "E1", FrontRight: "H1"}, "D1", ". . . . A1 B1 C1 D1"},
		{"QUADRANT in a 384 plate", plate384(), ot2.NozzleLayout{Style: "QUADRANT", PrimaryNozzle: "H1", BackLeftNozzle: "G1"}, "P2", ". . . . . . N2 P2"},
		{"QUADRANT in a centred trough", trough12(), ot2.NozzleLayout{Style: "QUADRANT", PrimaryNozzle: "H1", BackLeftNozzle: "E1"}, "A1", ". . . . A1 A1 A1 A1"},
		{"QUADRANT whose corners are none", plate96(), ot2.NozzleLayout{Style: "QUADRANT", PrimaryNozzle: "B1", BackLeftNozzle: "Z9"}, "A1", ". A1 . . . . . ."},
		{"a primary that is none", plate96(), ot2.NozzleLayout{Style: "SINGLE", PrimaryNozzle: "I1"}, "A1", "A1 . . . . . . ."},
		{"a style from the future", plate96(), ot2.NozzleLayout{Style: "SPIRAL", PrimaryNozzle: "H1"}, "A1", "A1 B1 C1 D1 E1 F1 G1 H1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := configure(&tc.layout, heads)
			var got []string
			for row, well := range over(tc.def, tc.well, l) {
				switch {
				case !l.has(row) && well == "":
					well = "."
				case well == "":
					well = "-"
				}
				got = append(got, well)
			}
			if diff := cmp.Diff(tc.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSingleChannelHeadsHaveOneNozzle(t *testing.T) {
	for name, rows := range map[string]int8{
		"p300_single_gen2": 1, "p1000_single": 1, "p20_single_gen2": 1, "": 1,
		"p300_multi_gen2": 8, "p10_multi": 8, "p50_multi_flex": 8, "flex_8channel_1000": 8,
	} {
		if got := headRows(name); got != rows {
			t.Errorf("%q has %d nozzles, want %d", name, got, rows)
		}
	}
	for _, style := range []string{"ALL", "SINGLE", "COLUMN", "ROW", "QUADRANT"} {
		got := configure(&ot2.NozzleLayout{Style: style, PrimaryNozzle: "H1", BackLeftNozzle: "A1", FrontRight: "H1"}, 1)
		if got != full(1) {
			t.Errorf("%s of a single channel is %v", style, got)
		}
	}
	if got := configure(nil, heads); got != full(heads) {
		t.Errorf("no layout asked for: %v", got)
	}
}

// The rim belongs to a well.
func TestTheRimBelongsToTheWell(t *testing.T) {
	round := ot2.Well{Shape: "circular", Diameter: 6}
	square := ot2.Well{Shape: "rectangular", XDimension: 6, YDimension: 4}
	for _, tc := range []struct {
		well   ot2.Well
		dx, dy float64
		want   bool
	}{
		{round, 3, 0, true}, {round, 0, -3, true}, {round, 3.001, 0, false}, {round, 2.5, 2.5, false},
		{square, 3, 2, true}, {square, -3, -2, true}, {square, 3.001, 0, false}, {square, 0, 2.001, false},
	} {
		def := &ot2.Definition{Wells: map[string]ot2.Well{"A1": tc.well}}
		if got := wellAt(def, tc.dx, tc.dy) == "A1"; got != tc.want {
			t.Errorf("%s well at %g, %g: %v", tc.well.Shape, tc.dx, tc.dy, got)
		}
	}
}

// Nozzles over no well draw air; what they dispense is lost outside.
func TestNozzlesOverNoWell(t *testing.T) {
	p := newProtocol()
	p.liquid("water", 100, "plate/G1", "plate/H1")
	p.with("p8").pickUp("rack/A1")
	p.aspirate(10, "plate/G1") // C to H draw air
	p.dispense(10, "plate/H2") // A into H2, the others outside
	out := p.fold(t)
	if diff := cmp.Diff(map[string]string{"plate/G1": "90 water:1", "plate/H1": "90 water:1", "plate/H2": "10 water:1"}, wellsOf(p, out)); diff != "" {
		t.Errorf("wells (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"c13 plate/G1>plate/H2 10", "c13 plate/H1>outside 10"}, edgesOf(out)); diff != "" {
		t.Errorf("edges (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"outside plate/G1", "outside plate/H2"}, findingsOf(out)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// Only nozzles over a place of the rack get a tip; the others do nothing.
func TestNozzlesWithoutATip(t *testing.T) {
	p := newProtocol()
	p.liquid("water", 100, "reservoir/A1")
	p.with("p8").nozzles("COLUMN", "H1")
	p.pickUp("rack/C1") // F, G and H get the tips of A, B and C
	p.aspirate(10, "reservoir/A1")
	p.dispense(4, "plate/H1")
	p.drop("rack/C1")
	p.with("p1").pickUp("rack/B1") // what nozzle G held
	p.dispense(1, "plate/A2")
	p.pickUp("rack/D1")
	p.dispense(1, "plate/A3")
	out := p.fold(t)
	if diff := cmp.Diff(map[string]string{
		"reservoir/A1": "70 water:1", "plate/F1": "4 water:1", "plate/G1": "4 water:1", "plate/H1": "4 water:1", "plate/A2": "1 water:1",
	}, wellsOf(p, out)); diff != "" {
		t.Errorf("wells (-want +got):\n%s", diff)
	}
	if out.Balance.Tips != 12 || out.Balance.Trash != 5 {
		t.Errorf("tips hold %g µL, trash %g", out.Balance.Tips, out.Balance.Trash)
	}
}

// A well that is known to be 0 mm deep, as trash is, is all top.
func TestAbove(t *testing.T) {
	at := func(origin string, z float64) *ot2.WellLocation { return &ot2.WellLocation{Origin: origin, OffsetZ: z} }
	for _, c := range []struct {
		location *ot2.WellLocation
		depth    float64
		want     bool
	}{
		{at(ot2.OriginBottom, 10), 10, false},
		{at(ot2.OriginBottom, 10.1), 10, true},
		{at(ot2.OriginCenter, 5), 10, false},
		{at(ot2.OriginCenter, 5.1), 10, true},
		{at(ot2.OriginTop, 0), 10, false},
		{at(ot2.OriginTop, 0.1), unknownDepth, true},
		{at(ot2.OriginBottom, 0.5), 0, true},
		{at(ot2.OriginBottom, 0), 0, false},
		{at(ot2.OriginCenter, 0.5), 0, true},
		{at(ot2.OriginBottom, 500), unknownDepth, false},
		{at(ot2.OriginCenter, 500), unknownDepth, false},
		{at(ot2.OriginMeniscus, 500), 10, false},
		{at("default", 500), 10, false},
		{nil, 10, false},
	} {
		if got := above(c.location, c.depth); got != c.want {
			t.Errorf("%+v in a well %g mm deep: above its top %v, want %v", c.location, c.depth, got, c.want)
		}
	}
}
