package etl

import (
	"testing"
	"testing/synctest"

	"wellspring/ingest/journal"
)

// Who waits for the pipeline to be quiet before it read its place in the journal
// waits to be past the journal's beginning: reading the place must wake him.
func TestTheStartWakesWhoWaitsForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 0)
		passed := make(chan journal.Position, 1)
		go func() {
			at, err := q.passed(t.Context(), "")
			if err != nil {
				t.Error(err)
			}
			passed <- at
		}()
		synctest.Wait()
		q.start("7")
		synctest.Wait()
		select {
		case at := <-passed:
			if at != "7" {
				t.Errorf("it is at %q, want 7", at)
			}
		default:
			t.Error("nobody was woken")
			q.changed.Broadcast() // let him go, or the test can't end
		}
	})
}
