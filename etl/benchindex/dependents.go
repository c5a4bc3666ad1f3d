package benchindex

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"wellspring/lineage"
)

// A change reaches others by one rule: whoever may depend on it is asked what
// it would be derived from now; where that is not what it was derived from, it
// is derived again. What wells hold depends on runs that began before only; that
// one was found short tells runs before, and changes no volume: so this comes to
// an end.

// platesOf are the barcodes that a run is kept with.
func (t *transaction) platesOf(ctx context.Context, run string) ([]string, error) {
	return texts(ctx, t, "SELECT DISTINCT barcode FROM plate WHERE run = ? AND barcode <> ''", run)
}

// afterRun finds those whose inputs changed by what was just kept of a run.
func (t *transaction) afterRun(ctx context.Context, run Run, before []string, at time.Time) ([]lineage.Owner, error) {
	barcodes := before
	for _, p := range run.Plates {
		if p.Barcode != "" {
			barcodes = append(barcodes, p.Barcode)
		}
	}
	slices.Sort(barcodes)
	runs := []string{run.Run}
	var readings []string
	for _, barcode := range slices.Compact(barcodes) {
		claiming, err := texts(ctx, t, "SELECT DISTINCT run FROM plate WHERE barcode = ?", barcode)
		if err != nil {
			return nil, err
		}
		runs = append(runs, claiming...)
		naming, err := texts(ctx, t, "SELECT owner FROM reading_plate WHERE plate = ?", barcode)
		if err != nil {
			return nil, err
		}
		readings = append(readings, naming...)
	}
	naming, err := texts(ctx, t, "SELECT owner FROM reading_plate WHERE run = ?", run.Run)
	if err != nil {
		return nil, err
	}
	again, err := t.changedRuns(ctx, at, runs)
	if err != nil {
		return nil, err
	}
	more, err := t.changedReadings(ctx, at, append(readings, naming...))
	return append(again, more...), err
}

// changedRuns notes, and returns in order of time, the runs among these whose
// inputs are no longer those that they were derived from.
func (t *transaction) changedRuns(ctx context.Context, at time.Time, runs []string) ([]lineage.Owner, error) {
	slices.Sort(runs)
	type task struct {
		owner     lineage.Owner
		startedAt int64
	}
	var tasks []task
	for _, run := range slices.Compact(runs) {
		startedAt, same, err := t.runIsCurrent(ctx, run)
		if err != nil {
			return nil, err
		}
		owner := lineage.RunOwner(run)
		if err := t.settle(ctx, owner, startedAt, at, same); err != nil {
			return nil, err
		}
		if !same {
			tasks = append(tasks, task{owner, startedAt})
		}
	}
	slices.SortStableFunc(tasks, func(a, b task) int { return int(max(-1, min(1, a.startedAt-b.startedAt))) })
	owners := make([]lineage.Owner, len(tasks))
	for i, task := range tasks {
		owners[i] = task.owner
	}
	return owners, nil
}

// settle notes that an owner is to be derived again, or that it is current.
func (t *transaction) settle(ctx context.Context, owner lineage.Owner, startedAt int64, at time.Time, current bool) error {
	if current {
		return t.exec(ctx, "DELETE FROM todo WHERE owner = ?", string(owner))
	}
	return t.exec(ctx, `
		INSERT INTO todo (owner, started_at, known_at) VALUES (?, ?, ?)
		ON CONFLICT (owner) DO UPDATE SET started_at = excluded.started_at, known_at = max(known_at, excluded.known_at)`,
		string(owner), startedAt, nanos(at))
}

// runIsCurrent compares what a run would be derived from with what it was.
func (t *transaction) runIsCurrent(ctx context.Context, run string) (startedAt int64, current bool, err error) {
	c := claims{run: run}
	var was, keysHash []byte
	var firstKey string
	var keys int
	err = t.QueryRowContext(ctx, "SELECT started_at, ended_at, first_key, keys, keys_hash, inputs FROM run WHERE run = ?", run).
		Scan(&c.startedAt, &c.endedAt, &firstKey, &keys, &keysHash, &was)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, true, nil // nothing is derived of it yet: its turn will see all
	}
	if err != nil {
		return 0, false, err
	}
	now := Inputs{Pasts: map[string]Past{}}
	if now.Declared, err = about(ctx, t, "run", run); err != nil {
		return 0, false, err
	}
	barcodes, err := t.platesOf(ctx, run)
	if err != nil {
		return 0, false, err
	}
	for _, barcode := range barcodes {
		if now.Pasts[barcode], err = c.past(ctx, t, barcode, false); err != nil {
			return 0, false, err
		}
	}
	if now.Plans, err = plansOf(ctx, t, firstKey, keys, keysHash); err != nil {
		return 0, false, err
	}
	if now.Plan, now.HasPlan, err = plan(ctx, t, now.Declared); err != nil {
		return 0, false, err
	}
	return c.startedAt, bytes.Equal(now.hash(), was), nil
}
