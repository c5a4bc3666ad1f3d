package benchindex

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"time"

	"wellspring/lineage"
)

// KeepPlan keeps the command keys of an analysis, in order, and returns the
// owners to derive again: runs that may have carried it out.
func (x *Index) KeepPlan(ctx context.Context, plan string, keys []string, at time.Time) ([]lineage.Owner, error) {
	var again []lineage.Owner
	err := x.write(ctx, "keep plan", plan, func(t *transaction) error {
		runs, err := t.runsLike(ctx, plan)
		if err != nil {
			return err
		}
		text, err := json.Marshal(keys)
		if err != nil {
			return &lineage.Error{Op: "keep plan", Kind: lineage.ErrorInvalid, ID: plan, Err: err}
		}
		err = t.exec(ctx, `
			INSERT INTO plan (plan, first_key, keys) VALUES (?, ?, ?)
			ON CONFLICT (plan) DO UPDATE SET first_key = excluded.first_key, keys = excluded.keys`, plan, first(keys), string(text))
		if err != nil {
			return err
		}
		more, err := t.runsLike(ctx, plan)
		if err != nil {
			return err
		}
		again, err = t.changedRuns(ctx, at, append(runs, more...))
		return err
	})
	return again, err
}

// runsLike are the runs that begin as a plan does, or that are said to have
// carried it out.
func (t *transaction) runsLike(ctx context.Context, plan string) ([]string, error) {
	return texts(ctx, t, `
		SELECT run.run FROM plan JOIN run USING (first_key) WHERE plan = ?1 AND first_key <> ''
		UNION SELECT run FROM declaration WHERE plan = ?1`, plan)
}

// plan is the analysis that a run is said to have carried out, as far as it is
// known: the last one said.
func plan(ctx context.Context, q queryer, declared []Declared) (said string, known bool, err error) {
	for _, d := range declared {
		switch p := d.Plan(); {
		case p == "":
		case d.Withdrawn && p == said:
			said = ""
		case !d.Withdrawn:
			said = p
		}
	}
	if said == "" {
		return "", false, nil
	}
	err = q.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM plan WHERE plan = ?)", said).Scan(&known)
	return said, known, err
}

// plansOf are the plans that a run is the beginning of: its n keys, which begin
// with first and have that hash, are their first ones.
func plansOf(ctx context.Context, q queryer, first string, n int, hash []byte) ([]string, error) {
	if first == "" {
		return nil, nil
	}
	rows, err := q.QueryContext(ctx, "SELECT plan, keys FROM plan WHERE first_key = ? ORDER BY plan", first)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var plans []string
	for rows.Next() {
		var plan, text string
		if err := rows.Scan(&plan, &text); err != nil {
			return nil, err
		}
		var keys []string
		if err := json.Unmarshal([]byte(text), &keys); err != nil {
			return nil, damaged(plan, err)
		}
		if n <= len(keys) && bytes.Equal(hashKeys(keys[:n]), hash) {
			plans = append(plans, plan)
		}
	}
	return plans, rows.Err()
}

func hashKeys(keys []string) []byte {
	h := sha256.New()
	for _, key := range keys {
		_, _ = io.WriteString(h, key+"\x00") // a hash takes everything
	}
	return h.Sum(nil)
}
