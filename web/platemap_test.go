package web

import (
	"math"
	"testing"

	"wellspring/lineage"
)

// Every form of labware is drawn with its wells in it, none over another.
func TestLayOut(t *testing.T) {
	for name, test := range map[string]struct {
		attributes lineage.Attributes
		held       []string
		wells      int
		last       string
	}{
		"96":             {lineage.Attributes{"rows": 8.0, "columns": 12.0, "category": "wellPlate"}, nil, 96, "H12"},
		"384":            {lineage.Attributes{"rows": 16.0, "columns": 24.0, "category": "wellPlate"}, nil, 384, "P24"},
		"tubes":          {lineage.Attributes{"rows": 4.0, "columns": 6.0, "category": "tubeRack"}, nil, 24, "D6"},
		"reservoir":      {lineage.Attributes{"rows": 1.0, "columns": 12.0, "category": "reservoir"}, nil, 12, "A12"},
		"one trough":     {lineage.Attributes{"rows": 1.0, "columns": 1.0, "category": "reservoir"}, nil, 1, "A1"},
		"nothing known":  {lineage.Attributes{}, []string{"B3", "A1"}, 6, "B3"},
		"more than said": {lineage.Attributes{"rows": 1.0, "columns": 1.0}, []string{"A2"}, 2, "A2"},
		"1536":           {lineage.Attributes{}, []string{"AF48"}, 1536, "AF48"},
		"unlike tubes":   {lineage.Attributes{"wells": []string{"A1 13.88 67.75 14.9", "B1 13.88 42.75 14.9", "A3 71.38 60.25 27.81"}}, []string{"A3"}, 3, "A3"},
		"another well":   {lineage.Attributes{"wells": []string{"A1 13.88 67.75 14.9"}}, []string{"B2"}, 4, "B2"},
	} {
		m := layOut(lineage.Node{Attributes: test.attributes}, test.held)
		if len(m.Wells) != test.wells || m.Wells[len(m.Wells)-1].Name != test.last {
			t.Errorf("%s: %d wells, the last is %s", name, len(m.Wells), m.Wells[len(m.Wells)-1].Name)
		}
		for i, w := range m.Wells {
			if w.W <= 0 || w.H <= 0 || w.X < m.Outline[0] || w.Y < m.Outline[1] || w.X+w.W > m.Outline[0]+m.Outline[2] || w.Y+w.H > m.Outline[1]+m.Outline[3] ||
				m.Outline[0]+m.Outline[2] > m.Width || m.Outline[1]+m.Outline[3] > m.Height {
				t.Errorf("%s: %s is not in the labware: %+v in %+v", name, w.Name, w, m.Outline)
			}
			for _, other := range m.Wells[:i] {
				if math.Abs(w.X+w.W/2-other.X-other.W/2) < (w.W+other.W)/2-1e-9 && math.Abs(w.Y+w.H/2-other.Y-other.H/2) < (w.H+other.H)/2-1e-9 {
					t.Errorf("%s: %s lies over %s", name, w.Name, other.Name)
				}
			}
		}
	}
	for well, want := range map[string][2]int{"A1": {0, 0}, "P24": {15, 23}, "AF48": {31, 47}} {
		if r, c, ok := wellPlace(well); !ok || r != want[0] || c != want[1] || rowName(r) != well[:len(rowName(r))] {
			t.Errorf("%s is at %d, %d", well, r, c)
		}
	}
	for _, no := range []string{"", "A", "1", "a1", "A0", "Ä1"} {
		if _, _, ok := wellPlace(no); ok {
			t.Errorf("%q is a well", no)
		}
	}
}

// The scale is honest: what is more is lighter, and a scale of one value has a colour.
func TestScale(t *testing.T) {
	s := scale{Log: true}
	for _, v := range []float64{0, 1, 10, 100} {
		s.include(v)
	}
	for v, want := range map[float64]float64{0: 0, 1: 0, 10: .5, 100: 1} {
		if got := s.at(v); math.Abs(got-want) > 1e-9 {
			t.Errorf("%g is at %g, want %g", v, got, want)
		}
	}
	one := scale{}
	one.include(5)
	if one.at(5) != 1 || len(one.ticks()) != 1 {
		t.Errorf("one value: %g, %v", one.at(5), one.ticks())
	}
	if colour(0) != "#440154" || colour(1) != "#fde725" || colour(-1) != colour(0) || colour(2) != colour(1) {
		t.Errorf("the ends are %s and %s", colour(0), colour(1))
	}
}

// Numbers are written with four figures that count, and never as what they are not.
func TestFigures(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 200: "200", 9000: "9\u202f000", 1234567: "1\u202f234\u202f567", 0.8098: "0.8098", 0.125: "0.125",
		99.995: "100", 1e-9: "1e-09", -1500: "-1\u202f500", 12345678: "1.235e+07"} {
		if got := figure(v); got != want {
			t.Errorf("%g is written %q, want %q", v, got, want)
		}
	}
	if volume(nil) != notKnown || percent((*float64)(nil)) != notKnown || number("x") != notKnown {
		t.Error("what is not known is written as known")
	}
}
