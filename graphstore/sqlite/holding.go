package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// holding is a row of the view of what holds what (schema/5.sql).
type holding struct {
	origin, state int64
	fraction      float64
}

// holds takes down what a content that has a number holds of first states.
func (w *writer) holds(ctx context.Context, n lineage.Node) error {
	ids, _ := n.Attributes[lineage.AttrOriginIDs].([]string)
	fractions, _ := n.Attributes[lineage.AttrOriginFractions].([]float64)
	if n.Kind != lineage.KindWellState || len(ids) != len(fractions) {
		return nil
	}
	for i, id := range ids {
		origin, err := w.origin(ctx, id)
		if err != nil {
			return err
		}
		if origin != 0 {
			w.held = append(w.held, holding{origin, w.nums[n.ID], fractions[i]})
		}
	}
	return nil
}

// origin is the number of a first state, 0 of a text that is no id.
func (w *writer) origin(ctx context.Context, text string) (int64, error) {
	num, known := w.origins[text]
	if known {
		return num, nil
	}
	id, is := idOf(text)
	if !is {
		return 0, nil
	}
	err := w.row(ctx, selectOrigin, id[:]).Scan(&num)
	if errors.Is(err, sql.ErrNoRows) {
		var result sql.Result
		if result, err = w.stmt(ctx, insertOrigin).ExecContext(context.WithoutCancel(ctx), id[:]); err == nil {
			num, err = result.LastInsertId()
		}
	}
	w.origins[text] = num
	return num, err
}

// idOf reads an id as contents name it.
func idOf(text string) (id lineage.ID, is bool) {
	err := id.UnmarshalText([]byte(text))
	return id, err == nil && id.String() == text
}

// hold writes what waits, in the order in which it lies. What a content names twice
// is one row.
func (w *writer) hold(ctx context.Context) error {
	slices.SortStableFunc(w.held, func(a, b holding) int {
		return cmp.Or(cmp.Compare(a.origin, b.origin), cmp.Compare(a.state, b.state))
	})
	for i, h := range w.held {
		if i+1 < len(w.held) && w.held[i+1].origin == h.origin && w.held[i+1].state == h.state {
			w.held[i+1].fraction += h.fraction
			continue
		}
		if err := w.holdings.add(ctx, h.origin, h.state, h.fraction); err != nil {
			return err
		}
	}
	w.held = w.held[:0]
	return w.holdings.flush(ctx)
}

// Holders implements graphstore.Store.
func (s *Store) Holders(ctx context.Context, origins []lineage.ID, limit int) ([]lineage.HeldWell, bool, error) {
	const op = "holders"
	if limit < 1 {
		return nil, false, lineage.Invalid(op, "limit", "ask for at least one")
	}
	origins = slices.Clone(origins)
	slices.SortFunc(origins, func(a, b lineage.ID) int { return slices.Compare(a[:], b[:]) })
	var wells []lineage.HeldWell
	err := s.reading(ctx, op, func(r reader) (err error) {
		wells, err = r.holders(ctx, slices.Compact(origins))
		return err
	})
	slices.SortFunc(wells, func(a, b lineage.HeldWell) int {
		return cmp.Or(strings.Compare(a.Run, b.Run), strings.Compare(a.Labware, b.Labware), strings.Compare(a.Well, b.Well))
	})
	return wells[:min(limit, len(wells))], len(wells) > limit, err
}

func (r reader) holders(ctx context.Context, origins []lineage.ID) ([]lineage.HeldWell, error) {
	shares := map[int64]float64{} // by number of the content
	err := r.query(ctx, selectHoldings, func(rows *sql.Rows) error {
		var state int64
		var fraction float64
		err := rows.Scan(&state, &fraction)
		shares[state] += fraction
		return err
	}, idList(origins))
	if err != nil {
		return nil, err
	}
	contents := make([]spot, 0, len(shares))
	for num := range shares {
		contents = append(contents, spot{num: num})
	}
	type reading struct{ of, num int64 }
	var last reading
	readings := map[int64]int{}
	type place struct{ run, labware, well string }
	var wells []lineage.HeldWell
	known := map[place]int{}
	for list := range stretches(contents) {
		err := r.query(ctx, selectReadings, func(rows *sql.Rows) error {
			var r reading
			err := rows.Scan(&r.of, &r.num)
			if r != last { // several owners may name one
				readings[r.of]++
			}
			last = r
			return err
		}, list)
		if err != nil {
			return nil, err
		}
		err = r.query(ctx, selectPlaces, func(rows *sql.Rows) error {
			var state int64
			var run, labware, well sql.RawBytes
			if err := rows.Scan(&state, &run, &labware, &well); err != nil {
				return err
			}
			at := place{r.scan.known(string(run)), r.scan.known(string(labware)), r.scan.known(string(well))}
			i, there := known[at]
			if !there {
				i, known[at] = len(wells), len(wells)
				wells = append(wells, lineage.HeldWell{Run: at.run, Labware: at.labware, Well: at.well, FractionMin: math.Inf(1)})
			}
			w, share := &wells[i], shares[state]
			w.Contents, w.Measurements = w.Contents+1, w.Measurements+readings[state]
			w.FractionMin, w.FractionMax = min(w.FractionMin, share), max(w.FractionMax, share)
			return nil
		}, list)
		if err != nil {
			return nil, err
		}
	}
	return wells, nil
}

var _ graphstore.Viewer = (*Store)(nil)

// CheckViews implements graphstore.Viewer.
func (s *Store) CheckViews(ctx context.Context) (wrong []string, err error) {
	var differ, loose int64
	if err := s.read.QueryRowContext(ctx, checkHoldings).Scan(&differ, &loose); err != nil {
		return nil, fault(ctx, "check views", err)
	}
	if differ > 0 {
		wrong = append(wrong, fmt.Sprintf("of %d contents it does not show what they say", differ))
	}
	if loose > 0 {
		wrong = append(wrong, fmt.Sprintf("%d of its rows are of no content that says so", loose))
	}
	return wrong, nil
}
