package query_test

import (
	"testing"
	"time"

	"wellspring/lineage"
)

func TestAWellAtATime(t *testing.T) {
	s := lots(t)
	for _, test := range []struct {
		at, selector string
		volumeUl     float64 // -1: not known
		liquids      int
	}{
		{"13:32:00", "plate:AP-0001/A2", 180, 1},
		{"13:33:20", "plate:AP-0001/A2", 200, 3},
		{"13:33:24", "plate:AP-0001/A2", -1, 3}, // while it is mixed, some of it is in the tip
		{"18:00:00", "plate:AP-0001/A2", 200, 3},
		{"12:00:00", "plate:DP-0001/A2", 100, 2}, // between the runs
		{"18:00:00", "plate:DP-0001/A2", 80, 2},
	} {
		at, err := time.Parse(time.RFC3339, "2026-11-23T"+test.at+"Z")
		if err != nil {
			t.Fatal(err)
		}
		well, err := s.WellAt(t.Context(), test.selector, at, time.Time{})
		if err != nil {
			t.Fatalf("%s at %s: %v", test.selector, test.at, err)
		}
		volume := -1.0
		if well.VolumeUl != nil {
			volume = *well.VolumeUl
		}
		if volume != test.volumeUl || len(well.Liquids) != test.liquids {
			t.Errorf("%s at %s: %g µL of %d liquids, want %g of %d", test.selector, test.at, volume, len(well.Liquids), test.volumeUl, test.liquids)
		}
	}
	_, err := s.WellAt(t.Context(), "plate:AP-0001/A2", time.Date(2026, time.November, 23, 13, 0, 0, 0, time.UTC), time.Time{})
	if lineage.KindOf(err) != lineage.ErrorNotFound {
		t.Errorf("before anything was in it: %v", err)
	}
}
