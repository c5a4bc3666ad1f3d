package etl_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/etl"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

func TestOwnersAtOnceButEachInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &notes{meet: func(context.Context, lineage.Owner) { time.Sleep(time.Second) }}
		l := newLab(t, withNotes(slow, func(c *etl.Config) { c.Workers = 3 }))
		l.start()
		began := time.Now()
		last := map[string]journal.Position{}
		for i := range 30 {
			owner := fmt.Sprintf("note:%d", i%6)
			last[owner] = l.write(owner, fmt.Sprint(i))[0]
		}
		for owner, at := range last {
			if _, err := l.wait(owner, at); err != nil {
				t.Error(err)
			}
		}
		if slow.overlap || slow.atOnce != 3 {
			t.Errorf("an owner twice at one time: %v; %d owners at one time, want 3", slow.overlap, slow.atOnce)
		}
		// What came during an owner's turn shares its next one.
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("30 envelopes took %s", took)
		}
	})
}

func TestOneBadEnvelopeAmongManyIsFound(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 10 {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, withNotes(&notes{}))
			n := 1 + random.IntN(40)
			words, want, bad := make([]string, n), []string{}, 0
			for i := range words {
				words[i] = fmt.Sprintf("good-%02d", i)
				if random.IntN(6) == 0 {
					words[i] = fmt.Sprintf("poison-%02d", i)
					bad++
					continue
				}
				want = append(want, words[i])
			}
			at := l.write("note:a", words...)
			l.start()
			for i, position := range at {
				if _, err := l.wait("note:a", position); (err != nil) != !slices.Contains(want, words[i]) {
					t.Errorf("%s: %v", words[i], err)
				}
			}
			if got := l.words("note:a"); !slices.Equal(got, want) {
				t.Errorf("the graph has %v, want %v", got, want)
			}
			if letters := l.letters(); len(letters) != bad {
				t.Errorf("%d dead letters, want %d", len(letters), bad)
			}
		})
	}
}

func TestWhatTheStoreDoesNotHoldIsGivenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, withNotes(&notes{}))
		lies := 2
		l.store.forge(func(p lineage.Projection) lineage.Projection {
			if lies--; lies >= 0 && len(p.Nodes) > 0 {
				p.Nodes = p.Nodes[1:]
			}
			return p
		})
		l.start()
		processing, err := l.wait("note:a", l.write("note:a", "one")[0])
		if err != nil || processing.Stage != etl.Verify || processing.Attempts != 3 {
			t.Errorf("%+v, %v, want it verified at the third attempt", processing, err)
		}
	})
}

func TestWhatCannotBeVerifiedIsBuriedAndTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, withNotes(&notes{}))
		l.start()
		if _, err := l.wait("note:a", l.write("note:a", "one")[0]); err != nil {
			t.Fatal(err)
		}
		l.store.forge(func(p lineage.Projection) lineage.Projection {
			p.Nodes = slices.DeleteFunc(p.Nodes, func(n lineage.Node) bool { return n.Name == "two" })
			return p
		})
		if processing, err := l.wait("note:a", l.write("note:a", "two")[0]); err == nil || processing.Stage == "" {
			t.Errorf("%+v, %v, want it failed", processing, err)
		}
		l.store.forge(nil)
		if diff := cmp.Diff([]string{"one"}, l.words("note:a")); diff != "" {
			t.Errorf("the graph (-want +got):\n%s", diff)
		}
		if letters := l.letters(); len(letters) != 1 || letters[0].Stage != string(etl.Verify) {
			t.Errorf("letters %+v, want one that died in verify", letters)
		}
	})
}

// A service that dies between load and commit does all of it again.
func TestAReplayGivesTheSameGraph(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, withNotes(&notes{}))
		at := l.write("note:a", "one", "two")
		l.start()
		if _, err := l.wait("note:a", at[1]); err != nil {
			t.Fatal(err)
		}
		want := l.owned("note:a")
		time.Sleep(time.Hour)
		for _, committed := range []journal.Position{"", at[0]} {
			l.halt()
			if err := l.journal.Commit(t.Context(), etl.Consumer, committed); err != nil {
				t.Fatal(err)
			}
			l.build()
			l.start()
			synctest.Wait()
			if diff := cmp.Diff(want, l.owned("note:a")); diff != "" {
				t.Errorf("after a replay from %q, created_at included (-first +replayed):\n%s", committed, diff)
			}
			if done, err := l.journal.Committed(t.Context(), etl.Consumer); err != nil || done != at[1] {
				t.Errorf("committed %s, %v, want %s", done, err, at[1])
			}
		}
	})
}

func TestADamagedRecordIsSeenAndPassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, withNotes(&notes{}, func(c *etl.Config) { c.Journal = damagedJournal{c.Journal, "2"} }))
		at := l.write("note:a", "one", "two", "three")
		l.start()
		if _, err := l.wait("note:a", at[2]); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if diff := cmp.Diff([]string{"one", "three"}, l.words("note:a")); diff != "" {
			t.Errorf("the graph (-want +got):\n%s", diff)
		}
		if letters := l.letters(); len(letters) != 1 || letters[0].ID != "2" {
			t.Errorf("letters %+v, want one for the damaged record", letters)
		}
		if done, err := l.journal.Committed(t.Context(), etl.Consumer); err != nil || done != at[2] {
			t.Errorf("committed %s, %v, want %s", done, err, at[2])
		}
	})
}

func TestStartStopStress(t *testing.T) {
	l := newLab(t, withNotes(&notes{}, func(c *etl.Config) { c.Backlog = 4 }))
	var want []string
	var last journal.Position
	for i := range 20 {
		want = append(want, fmt.Sprintf("%02d", 2*i), fmt.Sprintf("%02d", 2*i+1))
		l.restart()
		last = l.write("note:a", want[2*i:]...)[1]
		if i%3 == 0 {
			if _, err := l.wait("note:a", last); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := l.wait("note:a", last); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, l.words("note:a")); diff != "" {
		t.Errorf("the graph (-want +got):\n%s", diff)
	}
}

func TestAPipelineNeedsItsParts(t *testing.T) {
	if _, err := etl.New(etl.Config{}); lineage.KindOf(err) != lineage.ErrorInvalid {
		t.Errorf("got %v, want invalid", err)
	}
	l := newLab(t, nil)
	metrics := etl.Config{Journal: l.journal, DeadLetters: l.journal, Store: l.store, States: l.states}
	metrics.Metrics = etl.NewMetrics(l.registryOfItsOwn())
	if _, err := etl.New(metrics); err != nil {
		t.Fatal(err)
	}
	if _, err := etl.New(metrics); lineage.KindOf(err) != lineage.ErrorConflict {
		t.Errorf("two pipelines with one set of metrics: %v, want a conflict", err)
	}
}
