package journaltest

import (
	"testing"
	"time"

	"wellspring/ingest/journal"
	"wellspring/lineage"
)

func testLetters(t *testing.T, engine Engine) {
	dir, now := t.TempDir(), start
	clock := func() time.Time { return now }
	log := engine.openAt(t, dir, clock)
	appendAll(t, log, envelopes("r", 3)...)
	records := readAll(t, log, "", 3, 10)
	first := journal.DeadLetter{
		Record: records[0], Stage: "extract", Error: "cut JSON", Remedy: "send it again", Attempts: 4, DiedAt: start.Add(time.Minute),
	}
	second := journal.DeadLetter{Record: records[2], Stage: "load", Error: "no store", Attempts: 4, DiedAt: start.Add(time.Hour)}
	bury(t, log, second)
	bury(t, log, first)
	other := first
	other.Error, other.DiedAt = "said again", start.Add(2*time.Hour)
	bury(t, log, other) // idempotent

	died := func(l journal.DeadLetter) journal.DeadLetter {
		l.ID, l.State = string(l.Record.Position), journal.StateDead
		l.History = append(l.History, journal.Turn{At: l.DiedAt, State: l.State, Stage: l.Stage, Error: l.Error, Attempts: l.Attempts})
		return l
	}
	first, second = died(first), died(second)
	check := func(when string, want ...journal.DeadLetter) {
		t.Helper()
		letters, err := log.Letters(t.Context(), "", 10)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "letters "+when, want, letters)
	}
	settle := func(l *journal.DeadLetter, state string) {
		t.Helper()
		now = now.Add(3 * time.Hour)
		if err := log.Settle(t.Context(), l.ID, state); err != nil {
			t.Fatal(err)
		}
		l.State = state
		l.History = append(l.History, journal.Turn{At: now, State: state})
	}
	check("buried", first, second)

	settle(&first, journal.StateRetried)
	settle(&second, journal.StateDropped)
	if err := log.Settle(t.Context(), second.ID, journal.StateDropped); err != nil { // idempotent
		t.Error(err)
	}
	check("settled", first, second)

	again := first
	again.Stage, again.Error, again.Attempts, again.DiedAt = "transform", "other trouble", 8, now.Add(time.Hour)
	bury(t, log, again)
	bury(t, log, second) // a person dropped it: it stays dropped
	first = died(again)
	check("buried again", first, second)

	closeLog(t, log)
	log = engine.openAt(t, dir, clock)
	check("after a restart", first, second)
	one, err := log.Letter(t.Context(), first.ID)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "one letter", first, one)
	page, err := log.Letters(t.Context(), first.ID, 1)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the page after the first letter", []journal.DeadLetter{second}, page)
	testLetterErrors(t, log, string(records[1].Position), first.ID)
}

// testLetterErrors is about a record that no letter is of, and a letter.
func testLetterErrors(t *testing.T, log Log, alive, dead string) {
	t.Helper()
	_, err := log.Letter(t.Context(), alive)
	cases := []struct {
		name string
		got  error
		want lineage.ErrorKind
	}{
		{"a letter that there is none of", err, lineage.ErrorNotFound},
		{"settling what is not dead", log.Settle(t.Context(), alive, journal.StateRetried), lineage.ErrorNotFound},
		{"settling into a state that is none", log.Settle(t.Context(), dead, "forgotten"), lineage.ErrorInvalid},
		{"burying nothing", log.Bury(t.Context(), journal.DeadLetter{}), lineage.ErrorInvalid},
	}
	for _, c := range cases {
		if lineage.KindOf(c.got) != c.want {
			t.Errorf("%s: %v, want kind %s", c.name, c.got, c.want)
		}
	}
}
