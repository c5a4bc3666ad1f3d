package project

import "testing"

func TestMicrolitresAreWrittenWithoutAnExponent(t *testing.T) {
	for v, want := range map[float64]string{14000: "14000 µL", 1440: "1440 µL", 999.96: "1000 µL", 200: "200 µL", 2.34567: "2.346 µL", 0.05: "0.05 µL"} {
		if got := microlitres(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}
