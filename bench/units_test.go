package bench_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"wellspring/bench"
)

func TestConcentrationIn(t *testing.T) {
	for _, c := range []struct {
		value    float64
		from, to string
		want     float64
	}{
		{1, "mM", "µM", 1000}, {1, "pmol/µL", "uM", 1}, {1, "fmol/μL", "nM", 1}, {3, "nmol / mL", "umol/l", 3},
		{1, "ng/µL", "mg/L", 1}, {2, "mg/ml", "g/L", 2}, {1, "% w/v", "mg/mL", 10}, {5, "mg/dL", "mg/L", 50}, {1, "ug/uL", "g/L", 1},
		{1, "U/µL", "U/mL", 1000}, {1, "kU/mL", "units/L", 1e6}, {1, "IU/mL", "mIU/uL", 1}, {7, "cells/µL", "cells/mL", 7000},
		{1, "copies/µL", "copies/L", 1e6}, {1, "CFU/mL", "cfu/L", 1000}, {1, "PFU/mL", "pfu/L", 1000}, {10, "x", "X", 10}, {5, "%", "percent", 5},
		{5, "% v/v", "%(v/v)", 5},
	} {
		got, err := bench.Concentration{Value: c.value, Unit: c.from}.In(c.to)
		if err != nil || math.Abs(got.Value-c.want) > 1e-9*c.want || got.Unit != c.to {
			t.Errorf("%g %s = %g %s, want %g: %v", c.value, c.from, got.Value, c.to, c.want, err)
		}
	}
	for _, c := range [][2]string{{"mM", "mg/mL"}, {"%", "% w/v"}, {"% v/v", "%"}, {"U/mL", "IU/mL"}, {"copies/mL", "cells/mL"}, {"M", "m"}, {"mm", "mM"}, {"", "mM"}, {"mM", ""}} {
		if got, err := (bench.Concentration{Value: 1, Unit: c[0]}).In(c[1]); err == nil {
			t.Errorf("1 %s = %g %s", c[0], got.Value, c[1])
		}
	}
	if d := (bench.Concentration{Unit: "MM"}).Dimension(); d != "" {
		t.Errorf("MM is %s", d)
	}
}

// Every dimension's own unit is one of it, and there and back is the same.
func TestDimensions(t *testing.T) {
	units := []string{"M", "mM", "pmol/uL", "g/L", "% w/v", "mg/dL", "%", "% v/v", "U/mL", "kIU/L", "copies/uL", "cells/mL", "CFU/mL", "PFU/mL", "x"}
	for _, d := range bench.Dimensions() {
		if got := (bench.Concentration{Value: 1, Unit: d.BaseUnit()}).Dimension(); got != d || d == "" {
			t.Errorf("%s: base unit %s is %s", d, d.BaseUnit(), got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		c := bench.Concentration{Value: rapid.Float64Range(1e-9, 1e12).Draw(t, "value"), Unit: rapid.SampledFrom(units).Draw(t, "unit")}
		base, err := c.In(c.Dimension().BaseUnit())
		if err != nil {
			t.Fatal(err)
		}
		back, err := base.In(c.Unit)
		if err != nil || math.Abs(back.Value-c.Value) > 1e-12*c.Value {
			t.Fatalf("%v, %v, %v: %v", c, base, back, err)
		}
	})
}
