package etl_test

import (
	"database/sql"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/etl"
	"wellspring/ingest"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// check runs fsck, which must find nothing wrong.
func (l *lab) check() etl.Fsck {
	l.t.Helper()
	report := l.fsck()
	for _, d := range report.Differences {
		l.t.Errorf("fsck: %s %s %s: %s %v", d.Kind, d.Owner, d.Position, d.Problem, d.Parts)
	}
	if len(report.Unsettled) > 0 {
		l.t.Errorf("fsck: unsettled: %v", report.Unsettled)
	}
	return report
}

func (l *lab) fsck() etl.Fsck {
	l.t.Helper()
	report, err := l.pipeline.Fsck(l.t.Context(), etl.FsckOptions{})
	if err != nil {
		l.t.Fatal(err)
	}
	return report
}

// execute changes a file of the lab behind the program's back.
func (l *lab) execute(file, statement string, args ...any) {
	l.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(l.dir, file)+"?_pragma=busy_timeout(10000)")
	if err != nil {
		l.t.Fatal(err)
	}
	defer db.Close()
	result, err := db.ExecContext(l.t.Context(), statement, args...)
	if err != nil {
		l.t.Fatal(err)
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		l.t.Fatalf("changed %d rows, %v", n, err)
	}
}

func TestFsckFindsNothingWhereNothingIsWrong(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	all := story(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		l.tell(all[name])
	}
	report := l.check()
	if int(report.Records) != len(all) || report.Owners != len(all) || report.Nodes < 100 || report.Edges < 100 || report.Older > 0 {
		t.Errorf("it did not look at all: %+v", report)
	}
	l.halt()
	l.check() // nobody runs
}

func TestFsckNamesWhatDiffers(t *testing.T) {
	const run, reading = "run:" + stockRun, "measurement:1"
	type wrong struct {
		Kind    etl.DifferenceKind
		Owner   lineage.Owner
		Problem string
	}
	for _, c := range []struct {
		name  string
		spoil func(l *lab)
		want  []wrong
		part  string
	}{
		{
			"a node says something else",
			func(l *lab) {
				l.execute("graph.db", `UPDATE node SET name = 'tampered' WHERE kind = 'Run' AND run = ?`, stockRun)
			},
			[]wrong{{etl.DifferenceGraph, run, "1 nodes different"}},
			`different node ` + lineage.RunID(stockRun).String(),
		},
		{
			"an edge is gone",
			func(l *lab) {
				l.execute("graph.db", `DELETE FROM edge WHERE (source, type, target, transformation) IN (SELECT source, type, target, transformation FROM edge WHERE type = 'MEASURED_FROM' LIMIT 1)`)
			},
			[]wrong{{etl.DifferenceGraph, reading, "1 edges missing"}},
			"missing edge",
		},
		{
			"an owner is gone",
			func(l *lab) {
				if _, err := l.store.Store.Apply(l.t.Context(), lineage.Projection{Owner: reading}, time.Now()); err != nil {
					l.t.Fatal(err)
				}
			},
			[]wrong{{etl.DifferenceGraph, reading, "12 nodes missing, 15 edges missing"}},
			"missing node",
		},
		{
			"an owner that the journal doesn't know",
			func(l *lab) {
				n := lineage.Node{ID: lineage.NewID(lineage.KindLot, "made up"), Kind: lineage.KindLot, Name: "made up"}
				if _, err := l.store.Store.Apply(l.t.Context(), lineage.Projection{Owner: "run:made-up", Nodes: []lineage.Node{n}}, time.Now()); err != nil {
					l.t.Fatal(err)
				}
			},
			[]wrong{{etl.DifferenceGraph, "run:made-up", "the graph has it (1 nodes, 0 edges), and the journal does not know it"}}, "",
		},
		{
			"a node that nobody named",
			func(l *lab) {
				id := lineage.NewID(lineage.KindLot, "stray")
				l.execute("graph.db", `INSERT INTO node (id, kind, name, attributes, hash, created_at) VALUES (?, 'Lot', 'stray', '{}', x'00', 1)`, id[:])
			},
			[]wrong{{etl.DifferenceGraph, "", "a node " + lineage.NewID(lineage.KindLot, "stray").String() + " (Lot stray) is in the graph that no projection brought there"}}, "",
		},
		{
			"an edge that nobody named",
			func(l *lab) {
				one, other := lineage.RunID(stockRun), lineage.RunID(assayRun)
				l.execute("graph.db", `INSERT INTO edge SELECT t.num, 'DERIVED_FROM', s.num, zeroblob(16), 4711, s.id, t.id, x'00', '{}', 1, 0 FROM node s, node t WHERE s.id = ? AND t.id = ?`, one[:], other[:])
			},
			[]wrong{{etl.DifferenceGraph, "", "an edge " + lineage.RunID(assayRun).String() + " DERIVED_FROM " + lineage.RunID(stockRun).String() + " is in the graph that no projection brought there"}}, "",
		},
		{
			"no state of processing",
			func(l *lab) { l.execute("state.db", `DELETE FROM processing WHERE owner = ?`, reading) },
			[]wrong{{etl.DifferenceState, reading, "it has no state of processing"}}, "",
		},
		{
			"a state of nobody",
			func(l *lab) {
				if err := l.states.Put(l.t.Context(), etl.Processing{ID: "x", Owner: "run:nobody", Status: etl.Done}); err != nil {
					l.t.Fatal(err)
				}
			},
			[]wrong{{etl.DifferenceState, "run:nobody", "it has a state of processing, and the journal does not know it"}}, "",
		},
		{
			"a record lies elsewhere than its subject says",
			func(l *lab) {
				l.execute("journal.db", `UPDATE record SET subject = 'run:elsewhere' WHERE subject = ?`, reading)
			},
			[]wrong{
				{etl.DifferenceJournal, reading, "the journal doesn't find the records by their subject that it holds"},
				{etl.DifferenceGraph, reading, "12 nodes too many, 15 edges too many"},
			}, "",
		},
		{
			"a dead letter of no record",
			func(l *lab) {
				l.execute("journal.db", `INSERT INTO letter VALUES ('', 4711, 'load', 'none', '', 1, 1, 'dead')`)
			},
			[]wrong{{etl.DifferenceLetter, "", "there is a dead letter of a record that the journal does not have"}}, "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t, nil)
			l.start()
			all := story(t)
			for _, name := range []string{"stock", "assay", "reading"} {
				l.tell(all[name])
			}
			l.check()
			c.spoil(l)
			report := l.fsck()
			var got []wrong
			var parts []string
			for _, d := range report.Differences {
				got = append(got, wrong{d.Kind, d.Owner, d.Problem})
				parts = append(parts, d.Parts...)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
			if report.DifferenceCount != len(got) || len(report.Unsettled) > 0 || report.Truncated {
				t.Errorf("%+v", report)
			}
			if !strings.Contains(strings.Join(parts, "\n"), c.part) {
				t.Errorf("the parts are %q, want one with %q", parts, c.part)
			}
		})
	}
}

// A flipped bit in the journal: found, named, and the rest is checked.
func TestFsckNamesADamagedRecord(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	all := story(t)
	for _, name := range []string{"stock", "assay", "reading"} {
		l.tell(all[name])
	}
	l.execute("journal.db", `UPDATE record SET envelope = CAST(substr(envelope, 1, 200) || x'00' || substr(envelope, 202) AS BLOB) WHERE position = 2`)
	report := l.fsck()
	var got []string
	for _, d := range report.Differences {
		got = append(got, fmt.Sprint(d.Kind, " ", d.Owner, " ", d.Position, " ", d.Problem))
	}
	want := "journal  2 it is damaged: checksum does not match"
	if len(got) == 0 || got[0] != want || report.Records != 3 || report.Owners != 2 {
		t.Errorf("got %q of %d records and %d owners, want first %q", got, report.Records, report.Owners, want)
	}
	if strings.Contains(strings.Join(got, "\n"), stockRun) {
		t.Errorf("a run that is whole is said to differ: %q", got)
	}
}

// Dead letters are left out of what is derived, and are no difference.
func TestFsckKnowsTheDead(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	l.tell(story(t)["stock"])
	bad := document(ingest.TypeRun, "run:bad", []byte(`{"data": 7}`))
	if _, err := l.journal.Append(t.Context(), bad); err != nil {
		t.Fatal(err)
	}
	if err := l.pipeline.Quiet(t.Context()); err != nil {
		t.Fatal(err)
	}
	if report := l.check(); report.DeadLetters != 1 {
		t.Errorf("%d dead letters, want 1", report.DeadLetters)
	}
	l.halt()
	l.execute("journal.db", `DELETE FROM letter`)
	report := l.fsck()
	if len(report.Differences) != 1 || report.Differences[0].Kind != etl.DifferenceLetter || report.Differences[0].Position != journal.Position("2") {
		t.Errorf("%+v, want the record that should be dead", report.Differences)
	}
}

// What another version of the program derived is right by that version, and said.
func TestFsckKnowsOlderVersions(t *testing.T) {
	version := "1"
	l := newLab(t, func(c *etl.Config) { c.CodeVersion = version })
	l.start()
	l.tell(story(t)["stock"])
	l.halt()
	version = "2"
	l.build()
	report := l.check()
	if report.Older != 1 || !slices.Equal(report.Versions, []string{"1"}) {
		t.Errorf("older: %d by %v, want 1 by version 1", report.Older, report.Versions)
	}
	l.execute("graph.db", `UPDATE node SET name = 'tampered' WHERE kind = 'Run' AND run = ?`, stockRun)
	if report := l.fsck(); len(report.Differences) != 1 || report.Older != 0 {
		t.Errorf("a change in what an older version derived: %+v", report)
	}
}
