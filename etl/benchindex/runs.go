package benchindex

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"wellspring/lineage"
	"wellspring/liquid"
)

// Run is what is kept of a run.
type Run struct {
	Run                string
	StartedAt, EndedAt time.Time // of its first and last command; zero: not known
	Robot              string
	Keys               []string // of the commands that it executed, in order
	Plates             []Plate
	Declared           []Declared // by the run's own envelopes, about itself
}

// Plate is labware of a run.
type Plate struct {
	Run        string `json:"-"`
	Labware    string `json:"labware"` // its id within the run
	Barcode    string `json:"-"`       // empty: its identity is not declared
	Definition string `json:"-"`       // URI
	Slot       string `json:"-"`       // where it stood first
	// Names are what people call it in the run: its id, slots and labels.
	Names              []string        `json:"names"`
	StartedAt, EndedAt time.Time       `json:"-"` // of the run
	Wells              map[string]Well `json:"wells"`
}

// Well is what one well held.
type Well struct {
	// Content is what it held in the end, by the states' full names.
	Content liquid.Content `json:"content"`
	// States are those that it had in this run, in order.
	States []Moment `json:"states,omitempty"`
	// Short: what it held when the run began was found short, in the run or later.
	Short bool `json:"short,omitempty"`
}

// Moment is a state with the time from which on the well had it, by the
// device's clock; zero: from the start.
type Moment struct {
	Command string    `json:"command"`
	At      time.Time `json:"at"`
}

// Past is what is known of a plate before a run began.
type Past struct {
	Run      string                    // the run that had it last; empty: none
	KnownAt  time.Time                 // when the graph came to know that run's content
	Contents map[string]liquid.Content // by well
	Overlaps []string                  // runs that claim the plate at the same time
	Declared []Declared                // about the plate and its wells, oldest first
	// Short are the wells that a later run found short, sorted: what was drawn from
	// them before may have held more than is known.
	Short     []string
	inContent []byte
}

// Inputs is what a run's projection is derived from beside its envelopes.
type Inputs struct {
	Declared []Declared      // about the run, oldest first
	Pasts    map[string]Past // by barcode
	Plans    []string        // analyses whose first keys are those of the run
	Plan     string          // the analysis that the run is said to have carried out
	HasPlan  bool            // that analysis is in the graph
	// KnownAt is the time of the latest of it, and of what the graph already
	// knows of the run: created_at never goes back.
	KnownAt time.Time
}

// Complete adds to what was declared about a run what follows from the plates
// that it turned out to have used and the keys of its commands. Contents are of
// earlier runs, in time, whatever the order in which they became known.
func (x *Index) Complete(ctx context.Context, run Run, declared []Declared) (Inputs, error) {
	tx, err := x.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return Inputs{}, failed("read bench index", run.Run, err)
	}
	defer func() { _ = tx.Rollback() }()
	in := Inputs{Declared: declared, Pasts: map[string]Past{}}
	c := claims{run: run.Run, startedAt: nanos(run.StartedAt), endedAt: nanos(run.EndedAt)}
	for _, plate := range run.Plates {
		if plate.Barcode == "" {
			continue
		}
		past, err := c.past(ctx, tx, plate.Barcode, true)
		if err != nil {
			return Inputs{}, failed("read bench index", run.Run, err)
		}
		in.Pasts[plate.Barcode] = past
		in.KnownAt = later(in.KnownAt, past.KnownAt)
		for _, d := range past.Declared {
			in.KnownAt = later(in.KnownAt, d.KnownAt)
		}
	}
	for _, d := range declared {
		in.KnownAt = later(in.KnownAt, d.KnownAt)
	}
	if in.Plans, err = plansOf(ctx, tx, first(run.Keys), len(run.Keys), hashKeys(run.Keys)); err != nil {
		return Inputs{}, failed("read bench index", run.Run, err)
	}
	if in.Plan, in.HasPlan, err = plan(ctx, tx, declared); err != nil {
		return Inputs{}, failed("read bench index", run.Run, err)
	}
	known, err := knownAt(ctx, tx, lineage.RunOwner(run.Run), "SELECT known_at FROM run WHERE run = ?", run.Run)
	in.KnownAt = later(in.KnownAt, known)
	return in, failed("read bench index", run.Run, err)
}

// knownAt is the time of what the graph knows of an owner, and of what changed since.
func knownAt(ctx context.Context, q queryer, owner lineage.Owner, query, id string) (time.Time, error) {
	var known, changed int64
	if err := q.QueryRowContext(ctx, query, id).Scan(&known); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, err
	}
	err := q.QueryRowContext(ctx, "SELECT known_at FROM todo WHERE owner = ?", string(owner)).Scan(&changed)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return instant(max(known, changed)), err
}

// claims is a run's claim of plates.
type claims struct {
	run                string
	startedAt, endedAt int64
}

// past reads what is known of a plate before the run began. A run without a
// time has no past, and is nobody's.
func (c claims) past(ctx context.Context, q queryer, barcode string, contents bool) (Past, error) {
	var p Past
	var err error
	if p.Declared, err = about(ctx, q, "barcode", barcode); err != nil || c.startedAt == 0 {
		return p, err
	}
	p.Overlaps, err = texts(ctx, q, `
		SELECT DISTINCT run FROM plate
		WHERE barcode = ?1 AND run <> ?2 AND started_at <> 0 AND started_at < max(?4, ?3 + 1) AND max(ended_at, started_at + 1) > ?3 ORDER BY run`,
		barcode, c.run, c.startedAt, c.endedAt)
	if err != nil {
		return p, err
	}
	if err = c.shortLater(ctx, q, barcode, &p); err != nil {
		return p, err
	}
	var body string
	var known int64
	err = q.QueryRowContext(ctx, `
		SELECT plate.run, content_hash, body, run.known_at FROM plate JOIN run USING (run)
		WHERE barcode = ?1 AND plate.run <> ?2 AND plate.started_at <> 0 AND plate.started_at < ?3 AND plate.ended_at <= ?3
		ORDER BY plate.started_at DESC, plate.run DESC LIMIT 1`, barcode, c.run, c.startedAt).Scan(&p.Run, &p.inContent, &body, &known)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return p, nil
	case err != nil || !contents:
		return p, err
	}
	var plate Plate
	if err := json.Unmarshal([]byte(body), &plate); err != nil {
		return p, damaged(p.Run, err)
	}
	p.KnownAt, p.Contents = later(p.KnownAt, instant(known)), make(map[string]liquid.Content, len(plate.Wells))
	for name, well := range plate.Wells {
		p.Contents[name] = well.Content
	}
	return p, nil
}

// shortLater reads which wells of a plate those runs found short that took it over
// from this one, or runs after them.
func (c claims) shortLater(ctx context.Context, q queryer, barcode string, p *Past) error {
	rows, err := q.QueryContext(ctx, `
		SELECT well.key, max(run.known_at)
		FROM plate AS next JOIN run USING (run), json_each(next.body, '$.wells') AS well
		WHERE next.barcode = ?1 AND next.run <> ?2 AND next.started_at >= ?4 AND next.started_at > ?3
			AND json_extract(well.value, '$.short') = 1
			AND NOT EXISTS (
				SELECT 1 FROM plate AS middle
				WHERE middle.barcode = ?1 AND middle.run <> ?2 AND middle.run <> next.run
					AND middle.started_at <> 0 AND middle.started_at < next.started_at AND middle.ended_at <= next.started_at
					AND (middle.started_at > ?3 OR middle.started_at = ?3 AND middle.run > ?2))
		GROUP BY well.key ORDER BY well.key`, barcode, c.run, c.startedAt, c.endedAt)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var well string
		var known int64
		if err := rows.Scan(&well, &known); err != nil {
			return err
		}
		p.Short, p.KnownAt = append(p.Short, well), later(p.KnownAt, instant(known))
	}
	return rows.Err()
}

// hash is a fingerprint of inputs: what a projection follows from.
func (in Inputs) hash() []byte {
	h := sha256.New()
	e := json.NewEncoder(h)
	// Strings, numbers and times always encode.
	_ = e.Encode([]any{saying(in.Declared), in.Plans, in.Plan, in.HasPlan})
	for _, barcode := range sortedKeys(in.Pasts) {
		p := in.Pasts[barcode]
		_ = e.Encode([]any{barcode, p.Run, p.inContent, p.Overlaps, saying(p.Declared), p.Short})
	}
	return h.Sum(nil)
}

// saying is what declarations say, whenever the journal came to know it.
func saying(declared []Declared) []any {
	said := make([]any, len(declared))
	for i, d := range declared {
		said[i] = []any{d.Owner, d.SaidAt.UnixNano(), d.Declaration}
	}
	return said
}

// KeepRun keeps a run once its projection, derived from in, is in the graph with
// created_at at, and returns the owners to derive again: the run itself, should
// its inputs have changed meanwhile, and whoever depends on it.
func (x *Index) KeepRun(ctx context.Context, run Run, in Inputs, at time.Time) ([]lineage.Owner, error) {
	var again []lineage.Owner
	err := x.write(ctx, "keep run", run.Run, func(t *transaction) error {
		before, err := t.platesOf(ctx, run.Run)
		if err != nil {
			return err
		}
		if err := t.putRun(ctx, run, in, at); err != nil {
			return err
		}
		again, err = t.afterRun(ctx, run, before, at)
		return err
	})
	return again, err
}

func (t *transaction) putRun(ctx context.Context, run Run, in Inputs, at time.Time) error {
	err := t.exec(ctx, `
		INSERT INTO run (run, started_at, ended_at, known_at, robot, first_key, keys, keys_hash, inputs) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (run) DO UPDATE SET started_at = excluded.started_at, ended_at = excluded.ended_at, known_at = excluded.known_at,
			robot = excluded.robot, first_key = excluded.first_key, keys = excluded.keys, keys_hash = excluded.keys_hash, inputs = excluded.inputs`,
		run.Run, nanos(run.StartedAt), nanos(run.EndedAt), nanos(at), run.Robot, first(run.Keys), len(run.Keys), hashKeys(run.Keys), in.hash())
	if err != nil {
		return err
	}
	if err := t.putDeclarations(ctx, lineage.RunOwner(run.Run), run.Declared); err != nil {
		return err
	}
	if err := t.exec(ctx, "DELETE FROM plate WHERE run = ?", run.Run); err != nil {
		return err
	}
	for _, p := range run.Plates {
		body, content, history, err := p.encode()
		if err != nil {
			return err
		}
		err = t.exec(ctx, `
			INSERT INTO plate (run, labware, barcode, definition, slot, started_at, ended_at, content_hash, history_hash, body)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			run.Run, p.Labware, p.Barcode, p.Definition, p.Slot, nanos(run.StartedAt), nanos(run.EndedAt), content, history, body)
		if err != nil {
			return err
		}
	}
	return nil
}

// encode writes a plate, with a hash of what it held in the end and one of all.
func (p Plate) encode() (body string, content, history []byte, err error) {
	text, err := json.Marshal(p)
	if err != nil {
		return "", nil, nil, &lineage.Error{Op: "keep run", Kind: lineage.ErrorInvalid, ID: p.Labware, Err: err}
	}
	ends := make(map[string]liquid.Content, len(p.Wells))
	for name, well := range p.Wells {
		ends[name] = well.Content
	}
	end, err := json.Marshal(ends)
	if err != nil {
		return "", nil, nil, &lineage.Error{Op: "keep run", Kind: lineage.ErrorInvalid, ID: p.Labware, Err: err}
	}
	contentHash, historyHash := sha256.Sum256(end), sha256.Sum256(text)
	return string(text), contentHash[:], historyHash[:], nil
}

func first(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	return keys[0]
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
