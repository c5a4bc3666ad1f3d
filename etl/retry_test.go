package etl_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/etl"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

func TestAStageIsTriedThreeMoreTimesASecondApart(t *testing.T) {
	for failures, want := range []struct {
		after    time.Duration
		attempts int
		status   etl.Status
	}{
		{0, 1, etl.Done}, {time.Second, 2, etl.Done}, {2 * time.Second, 3, etl.Done}, {3 * time.Second, 4, etl.Done}, {3 * time.Second, 4, etl.Failed},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, withNotes(&notes{}))
			l.store.fail(times(failures, errBroken), nil)
			began := time.Now()
			l.start()
			at := l.write("note:a", "one")[0]
			processing, err := l.wait("note:a", at)
			if took := time.Since(began); took != want.after || processing.Status != want.status || (err != nil) != (want.status == etl.Failed) {
				t.Errorf("%d failures: %s after %s with %v, want %s after %s", failures, processing.Status, took, err, want.status, want.after)
			}
			letters := l.letters()
			if want.status == etl.Done {
				if len(letters) != 0 {
					t.Errorf("%d failures: dead letters %v", failures, letters)
				}
				return
			}
			if len(letters) != 1 || letters[0].Stage != string(etl.Load) || letters[0].Attempts != want.attempts {
				t.Errorf("%d failures: letters %+v, want one that died in load after %d attempts", failures, letters, want.attempts)
			}
		})
	}
}

func TestRetriesAreConfigurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, withNotes(&notes{}, func(c *etl.Config) { c.Retry = etl.Retry{Tries: 7, Wait: 20 * time.Second} }))
		l.store.fail(times(7, errBroken), nil)
		began := time.Now()
		l.start()
		if _, err := l.wait("note:a", l.write("note:a", "one")[0]); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 140*time.Second {
			t.Errorf("seven tries took %s, want 140 s", took)
		}
	})
}

func TestWhatAnotherTryCannotMendIsNotTried(t *testing.T) {
	for word, stage := range map[string]etl.Stage{"unreadable": etl.Extract, "poison": etl.Transform} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, withNotes(&notes{}))
			began := time.Now()
			l.start()
			if processing, err := l.wait("note:a", l.write("note:a", word)[0]); err == nil || processing.Status != etl.Failed {
				t.Errorf("%s: %+v, %v, want it failed", word, processing, err)
			}
			if took := time.Since(began); took != 0 {
				t.Errorf("%s: it was buried after %s, want at once", word, took)
			}
			if letters := l.letters(); len(letters) != 1 || letters[0].Stage != string(stage) || letters[0].Attempts != 1 {
				t.Errorf("%s: letters %+v, want one that died in %s at the first attempt", word, letters, stage)
			}
		})
	}
}

func TestAPanicIsAnErrorOfItsEnvelopeOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, withNotes(&notes{}))
		l.start()
		at := l.write("note:a", "one", "panic", "two")
		for i, want := range []bool{false, true, false} {
			if _, err := l.wait("note:a", at[i]); (err != nil) != want {
				t.Errorf("envelope %d: %v, want dead: %v", i, err, want)
			}
		}
		if diff := cmp.Diff([]string{"one", "two"}, l.words("note:a")); diff != "" {
			t.Errorf("the graph (-want +got):\n%s", diff)
		}
	})
}

func TestAStoreThatIsAwayBuriesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, withNotes(&notes{}))
		away := func() error { return errAway }
		l.store.fail(func(lineage.Projection) error { return errAway }, away)
		l.start()
		at := l.write("note:a", "one", "two")
		other := l.write("note:b", "three")
		time.Sleep(48 * time.Hour)
		state, err := l.states.Get(t.Context(), "note:a")
		if err != nil || state.Status != etl.Retrying || state.Stage != etl.Load || state.Error == "" || state.Remedy == "" {
			t.Errorf("while the store is away the state is %+v, %v", state, err)
		}
		l.store.fail(nil, nil)
		back := time.Now()
		for owner, position := range map[string]journal.Position{"note:a": at[1], "note:b": other[0]} {
			if processing, err := l.wait(owner, position); err != nil || processing.Status != etl.Done || processing.Error != "" {
				t.Errorf("%s once the store is back: %+v, %v", owner, processing, err)
			}
		}
		if took := time.Since(back); took > 45*time.Second {
			t.Errorf("it took %s to find that the store is back, want at most 30 s and its jitter", took)
		}
		if letters := l.letters(); len(letters) != 0 {
			t.Errorf("dead letters %v", letters)
		}
	})
}

func TestAnOwnerThatTheStoreRefusesDoesNotHoldUpTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, withNotes(&notes{}, func(c *etl.Config) { c.Workers = 1 }))
		l.store.fail(func(p lineage.Projection) error {
			if p.Owner == "note:heavy" {
				return errAway // say, its transaction is too large for the store's memory
			}
			return nil
		}, nil)
		began := time.Now()
		l.start()
		heavy, light := l.write("note:heavy", "one")[0], l.write("note:light", "two")[0]
		if _, err := l.wait("note:light", light); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took < 15*time.Minute || took > 16*time.Minute {
			t.Errorf("the store was given %s to take the heavy one, want 15 min", took)
		}
		if _, err := l.wait("note:heavy", heavy); err == nil {
			t.Error("the heavy one is not dead")
		}
	})
}

func TestARetriedLetterIsProcessedWithItsOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, withNotes(&notes{}))
		l.store.fail(times(4, errBroken), nil)
		l.start()
		at := l.write("note:a", "one")[0]
		if _, err := l.wait("note:a", at); err == nil {
			t.Fatal("it is not dead")
		}
		if _, err := l.wait("note:a", l.write("note:a", "two")[0]); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"two"}, l.words("note:a")); diff != "" {
			t.Errorf("before the retry (-want +got):\n%s", diff)
		}
		if processing, err := l.pipeline.Retry(t.Context(), string(at)); err != nil || processing.Status != etl.Done {
			t.Fatalf("the retry: %+v, %v", processing, err)
		}
		if diff := cmp.Diff([]string{"one", "two"}, l.words("note:a")); diff != "" {
			t.Errorf("after the retry (-want +got):\n%s", diff)
		}
		var states []string
		for _, turn := range l.letters()[0].History {
			states = append(states, turn.State)
		}
		if diff := cmp.Diff([]string{journal.StateDead, journal.StateRetried}, states); diff != "" {
			t.Errorf("the letter's history (-want +got):\n%s", diff)
		}
		l.restart()
		if _, err := l.wait("note:a", l.write("note:a", "three")[0]); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"one", "three", "two"}, l.words("note:a")); diff != "" {
			t.Errorf("after a restart (-want +got):\n%s", diff)
		}
	})
}

func TestARetryThatFailsAgainIsDeadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, withNotes(&notes{}))
		l.start()
		at := l.write("note:a", "poison")[0]
		if _, err := l.wait("note:a", at); err == nil {
			t.Fatal("it is not dead")
		}
		if processing, err := l.pipeline.Retry(t.Context(), string(at)); err == nil || processing.Status != etl.Failed {
			t.Errorf("the retry: %+v, %v, want it failed", processing, err)
		}
		if letters := l.letters(); len(letters) != 1 || letters[0].State != journal.StateDead || len(letters[0].History) != 3 {
			t.Errorf("letters %+v, want one that is dead again", letters)
		}
		if _, err := l.pipeline.Retry(t.Context(), "99"); lineage.KindOf(err) != lineage.ErrorNotFound {
			t.Errorf("a retry of what is not there: %v, want not found", err)
		}
	})
}
