package etl_test

import (
	"errors"
	"fmt"
	"testing"

	"wellspring/etl"
	"wellspring/ingest/intake"
	"wellspring/internal/testruns"
	"wellspring/lineage"
)

// cleanImport is what a run becomes that comes in as one document.
func cleanImport(t *testing.T, record testruns.Record) lineage.Projection {
	t.Helper()
	l := newLab(t, nil)
	l.start()
	if _, err := l.settle(l.take(record.Document())); err != nil {
		t.Fatal(err)
	}
	return l.owned(lineage.RunOwner(record.ID))
}

// pieces is a run as it happens, in fragments of so many commands.
func pieces(record testruns.Record, size int) [][]byte {
	all := [][]byte{record.Begin()}
	for from := 0; from < len(record.Commands); from += size {
		all = append(all, record.Part(from, min(from+size, len(record.Commands))))
	}
	return append(all, record.End())
}

// A run that is followed command by command is amended, and ends as a clean import.
func TestFollowedRunEndsAsAnImport(t *testing.T) {
	record := testruns.New(testruns.Dilution, "followed", 90)
	l := newLab(t, nil)
	l.start()
	parts := pieces(record, 4)
	for _, part := range parts {
		p, err := l.settle(l.take(part))
		if err != nil || p.Status != etl.Done {
			t.Fatalf("%s %s: %v", p.Status, p.Error, err)
		}
	}
	same(t, cleanImport(t, record), l.owned("run:followed"))
	if n := l.store.amendments(); n < len(parts)-2 {
		t.Errorf("amended %d times for %d fragments: most took the long road", n, len(parts))
	}
}

// Nothing is lost of a run whose followed state does not fit any more: fragments that
// come late, twice, unreadable, while the store refuses, after a restart.
func TestFollowedRunLeavesTheRoad(t *testing.T) {
	record := testruns.New(testruns.Normalize, "bumpy", 60)
	want := cleanImport(t, record)
	parts := pieces(record, 5)
	for name, disturb := range map[string]func(l *lab, i int) error{
		"late": func(l *lab, i int) error {
			if i == 3 { // comes again in the end
				return nil
			}
			_, err := l.settle(l.take(parts[i]))
			return err
		},
		"twice": func(l *lab, i int) error {
			receipts, err := l.intake.Accept(t.Context(), intake.Message{Door: "mqtt", Origin: "a", Payload: parts[i], Policy: intake.Lenient},
				intake.Message{Door: "mqtt", Origin: "b", Payload: parts[i], Policy: intake.Lenient})
			if err != nil {
				return err
			}
			_, err = l.settle(receipts[1])
			return err
		},
		"unreadable between": func(l *lab, i int) error {
			_, err := l.settle(l.take(parts[i]))
			bad := fmt.Sprintf(`{"runId":"bumpy","commands":[{"id":"bad-%d","commandType":"aspirate","status":"succeeded","params":{"volume":-1}}]}`, i)
			if _, dead := l.settle(l.take([]byte(bad))); dead == nil {
				return errors.New("a negative volume was taken")
			}
			return err
		},
		"refused": func(l *lab, i int) error {
			refusals := 1
			l.store.fail(func(lineage.Projection) error {
				if refusals--; refusals >= 0 && i > 2 { // the run is followed by then
					return lineage.Invalid("apply", "test", "refused on purpose")
				}
				return nil
			}, nil)
			_, err := l.settle(l.take(parts[i]))
			return err
		},
		"restart": func(l *lab, i int) error {
			if i%4 == 3 {
				l.restart()
			}
			_, err := l.settle(l.take(parts[i]))
			return err
		},
		"forgotten": func(l *lab, i int) error {
			_, err := l.settle(l.take(parts[i]))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, func(c *etl.Config) {
				c.Retry.Wait = 1
				if name == "forgotten" {
					c.Follow = -1
				}
			})
			l.start()
			for i := range parts {
				if err := disturb(l, i); err != nil {
					t.Fatalf("fragment %d: %v", i, err)
				}
			}
			l.store.fail(nil, nil)
			for i, part := range [][]byte{parts[3], parts[0]} {
				receipts, err := l.intake.Accept(t.Context(), intake.Message{Door: "mqtt", Origin: fmt.Sprint("again", i), Payload: part, Policy: intake.Lenient})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := l.settle(receipts[0]); err != nil {
					t.Fatal(err)
				}
			}
			same(t, want, l.owned("run:bumpy"))
		})
	}
}
