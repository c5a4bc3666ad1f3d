package etl

import (
	"slices"
	"testing"
	"time"

	"wellspring/ingest/journal"
)

// A turn covers so much of the journal's time; the rest waits for the next, in order.
func TestATurnCoversItsWindow(t *testing.T) {
	began := time.Unix(1e9, 0)
	for window, want := range map[time.Duration][][]journal.Position{
		0:           {{"1", "2", "3", "4"}},
		time.Minute: {{"1", "2"}, {"3"}, {"4"}},
	} {
		q := newQueue(10, window)
		for i, after := range []time.Duration{0, time.Minute, 61 * time.Second, time.Hour} {
			q.read("run:1", entry{position: journal.Position(rune('1' + i)), appendedAt: began.Add(after)})
		}
		var got [][]journal.Position
		for q.waits() > 0 {
			b, err := q.take(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var turn []journal.Position
			for _, e := range b.entries {
				turn = append(turn, e.position)
			}
			got = append(got, turn)
			q.done(b)
		}
		if !slices.EqualFunc(want, got, slices.Equal[[]journal.Position]) {
			t.Errorf("with %s: turns of %v, want %v", window, got, want)
		}
		if q.at() != "4" {
			t.Errorf("with %s: it is at %q", window, q.at())
		}
	}
}
