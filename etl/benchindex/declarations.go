package benchindex

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"wellspring/bench"
	"wellspring/lineage"
)

// Declared is a declaration with the owner whose document holds it.
type Declared struct {
	bench.Declaration
	Owner   lineage.Owner
	SaidAt  time.Time // Declaration.At, or when its document came, where it doesn't say
	KnownAt time.Time // the journal's time of the document
}

// Compare orders declarations by when they were said: of two about one target
// the later one holds. What was said at one time is ordered by document and row.
func (d Declared) Compare(o Declared) int {
	return cmp.Or(d.SaidAt.Compare(o.SaidAt), cmp.Compare(d.Owner, o.Owner), cmp.Compare(d.Document, o.Document), cmp.Compare(d.Row, o.Row))
}

// detailPlan is the detail by which a declaration about a run as a whole names
// the analysis that it carried out.
const detailPlan = "plan"

// Plan is the id of the analysis that a run carried out, where the declaration
// says that; else empty.
func (d Declared) Plan() string {
	if d.Target.Run == "" || d.Target != (bench.Target{Run: d.Target.Run}) {
		return ""
	}
	return d.Details[detailPlan]
}

// KeepDeclarations keeps what a document declares, in place of what it declared
// before, and returns the owners to derive again.
func (x *Index) KeepDeclarations(ctx context.Context, owner lineage.Owner, declared []Declared, at time.Time) ([]lineage.Owner, error) {
	var again []lineage.Owner
	err := x.write(ctx, "keep declarations", string(owner), func(t *transaction) error {
		before, err := t.mentioned(ctx, owner)
		if err != nil {
			return err
		}
		readings, err := t.readingsMentioned(ctx, owner)
		if err != nil {
			return err
		}
		if err := t.putDeclarations(ctx, owner, declared); err != nil {
			return err
		}
		after, err := t.mentioned(ctx, owner)
		if err != nil {
			return err
		}
		more, err := t.readingsMentioned(ctx, owner)
		if err != nil {
			return err
		}
		if again, err = t.changedRuns(ctx, at, append(before, after...)); err != nil {
			return err
		}
		changed, err := t.changedReadings(ctx, at, append(readings, more...))
		again = append(again, changed...)
		return err
	})
	return again, err
}

func (t *transaction) putDeclarations(ctx context.Context, owner lineage.Owner, declared []Declared) error {
	if err := t.exec(ctx, "DELETE FROM declaration WHERE document = ?", string(owner)); err != nil {
		return err
	}
	for i, d := range declared {
		body, err := json.Marshal(d.Declaration)
		if err != nil {
			return &lineage.Error{Op: "keep declarations", Kind: lineage.ErrorInvalid, ID: string(owner), Err: err}
		}
		err = t.exec(ctx, "INSERT INTO declaration (document, row, said_at, known_at, run, barcode, plan, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			string(owner), i, nanos(d.SaidAt), nanos(d.KnownAt), d.Target.Run, named(d.Target), d.Plan(), string(body))
		if err != nil {
			return err
		}
	}
	return nil
}

// readingPrefix begins the names under which declarations about readings are kept,
// where those about plates have a barcode.
const readingPrefix = "reading:"

// named is the barcode or the reading that a declaration is about, "" for none.
func named(t bench.Target) string {
	if t.Reading != "" {
		return readingPrefix + strings.TrimPrefix(t.Reading, readingPrefix)
	}
	return t.Barcode
}

// ReadingNames are the names by which declarations may mean a reading: its
// owner's, and its document's own.
func ReadingNames(owner lineage.Owner, document string) []string {
	names := []string{named(bench.Target{Reading: string(owner)})}
	if document != "" {
		names = append(names, named(bench.Target{Reading: document}))
	}
	return names
}

// readingsMentioned are the readings that a document's declarations are about.
func (t *transaction) readingsMentioned(ctx context.Context, owner lineage.Owner) ([]string, error) {
	return texts(ctx, t, "SELECT DISTINCT owner FROM declaration JOIN reading_plate ON plate = barcode WHERE document = ? AND barcode LIKE '"+readingPrefix+"%'", string(owner))
}

// mentioned are the runs that a document's declarations are about.
func (t *transaction) mentioned(ctx context.Context, owner lineage.Owner) ([]string, error) {
	return texts(ctx, t, `
		SELECT run.run FROM declaration JOIN run USING (run) WHERE document = ?1 AND run <> ''
		UNION SELECT plate.run FROM declaration JOIN plate USING (barcode) WHERE document = ?1 AND declaration.barcode <> ''`, string(owner))
}

// About returns what was declared about a run, oldest first: what others
// declared, and own, what the run's own envelopes do.
func (x *Index) About(ctx context.Context, run string, own []Declared) ([]Declared, error) {
	declared, err := about(ctx, x.db, "run", run)
	declared = slices.DeleteFunc(declared, func(d Declared) bool { return d.Owner == lineage.RunOwner(run) })
	declared = append(declared, own...)
	slices.SortStableFunc(declared, Declared.Compare)
	return declared, failed("read declarations", run, err)
}

// about reads the declarations whose target names a run, or a barcode.
func about(ctx context.Context, q queryer, column, name string) ([]Declared, error) {
	if name == "" {
		return nil, nil
	}
	rows, err := q.QueryContext(ctx, "SELECT document, said_at, known_at, body FROM declaration WHERE "+column+" = ? ORDER BY said_at, document, row", name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Declared
	for rows.Next() {
		var d Declared
		var said, known int64
		var body string
		if err := rows.Scan(&d.Owner, &said, &known, &body); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(body), &d.Declaration); err != nil {
			return nil, damaged(name, err)
		}
		d.SaidAt, d.KnownAt = instant(said), instant(known)
		all = append(all, d)
	}
	slices.SortStableFunc(all, Declared.Compare)
	return all, rows.Err()
}

func damaged(id string, err error) error {
	return &lineage.Error{Op: "read bench index", Kind: lineage.ErrorInternal, ID: id,
		Hint: "remove the file of processing states while the service is stopped: it is made again from the journal", Err: err}
}

// runOf is the run that a plate's name RUN/LABWARE begins with, "" of a barcode.
func runOf(plate string) string {
	run, _, found := strings.Cut(plate, "/")
	if !found || strings.HasPrefix(plate, readingPrefix) {
		return ""
	}
	return run
}
