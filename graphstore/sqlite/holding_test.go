package sqlite

import (
	"strings"
	"testing"

	"wellspring/graphstore/storetest"
	"wellspring/graphstore/storetest/labgraph"
)

// TestADamagedViewIsFound changes the view behind the store's back.
func TestADamagedViewIsFound(t *testing.T) {
	s := opened(t)
	storetest.Fill(t, s, labgraph.Lab{Seed: 2}, 2)
	check := func(want string) {
		t.Helper()
		wrong, err := s.CheckViews(t.Context())
		if got := strings.Join(wrong, "; "); err != nil || got != want {
			t.Errorf("found %q, want %q; error %v", got, want, err)
		}
	}
	change := func(statement string) {
		t.Helper()
		if _, err := s.write.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	check("")
	const some = " WHERE (origin, state) IN (SELECT origin, state FROM holding WHERE fraction < 1 LIMIT 1)"
	change("UPDATE holding SET fraction = fraction / 2" + some)
	check("of 1 contents it does not show what they say")
	change("UPDATE holding SET fraction = fraction * 2" + some)
	check("")
	change("INSERT INTO holding SELECT origin, 1000000, fraction FROM holding LIMIT 1")
	check("1 of its rows are of no content that says so")
	change("DELETE FROM holding WHERE state = 1000000")
	change("DELETE FROM holding" + some)
	check("of 1 contents it does not show what they say")
}
