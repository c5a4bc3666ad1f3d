package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// Bury implements journal.DeadLetters.
func (j *Journal) Bury(ctx context.Context, letter journal.DeadLetter) error {
	const op = "bury"
	at, err := parse(op, letter.Record.Position)
	if err != nil {
		return err
	}
	if at == 0 {
		return lineage.Invalid(op, "position", "bury a record of the journal")
	}
	died := letter.DiedAt
	if died.IsZero() {
		died = j.clock()
	}
	return j.writer.do(ctx, op, func(t *transaction) error {
		if at > t.position {
			return lineage.NotFound(op, string(letter.Record.Position), "bury a record of the journal")
		}
		changed, err := t.change(`
			INSERT INTO letter (position, stage, error, remedy, attempts, died_at, state) VALUES (?, ?, ?, ?, ?, ?, 'dead')
			ON CONFLICT (position) DO UPDATE SET stage = excluded.stage, error = excluded.error, remedy = excluded.remedy,
				attempts = excluded.attempts, died_at = excluded.died_at, state = excluded.state
			WHERE state = 'retried'`,
			at, letter.Stage, letter.Error, letter.Remedy, letter.Attempts, died.UnixMicro())
		if err != nil || changed == 0 {
			return err
		}
		return t.turn(at, journal.Turn{At: died, State: journal.StateDead, Stage: letter.Stage, Error: letter.Error, Attempts: letter.Attempts})
	})
}

func (t *transaction) turn(position int64, turn journal.Turn) error {
	return t.exec(`
		INSERT INTO letter_turn (position, turn, at, state, stage, error, attempts)
		VALUES (?1, (SELECT count(*) FROM letter_turn WHERE position = ?1), ?2, ?3, ?4, ?5, ?6)`,
		position, turn.At.UnixMicro(), turn.State, turn.Stage, turn.Error, turn.Attempts)
}

// Settle implements journal.DeadLetters.
func (j *Journal) Settle(ctx context.Context, id, state string) error {
	const op = "settle dead letter"
	at, err := parse(op, journal.Position(id))
	if err != nil {
		return err
	}
	if state != journal.StateRetried && state != journal.StateDropped {
		return lineage.Invalid(op, "state "+state, "use retried or dropped")
	}
	return j.writer.do(ctx, op, func(t *transaction) error {
		var now string
		switch err := t.find("SELECT state FROM letter WHERE position = ?", []any{at}, &now); {
		case errors.Is(err, sql.ErrNoRows):
			return noLetter(op, id)
		case err != nil || now == state:
			return err
		}
		if err := t.exec("UPDATE letter SET state = ? WHERE position = ?", state, at); err != nil {
			return err
		}
		return t.turn(at, journal.Turn{At: j.clock(), State: state})
	})
}

func noLetter(op, id string) error {
	return lineage.NotFound(op, id, "list the dead letters to see which there are")
}

const selectLetters = `
	SELECT letter.position, stage, error, remedy, attempts, died_at, state, appended_at, checksum, envelope
	FROM letter LEFT JOIN record USING (position)`

// Letters implements journal.DeadLetters.
func (j *Journal) Letters(ctx context.Context, after string, limit int) ([]journal.DeadLetter, error) {
	const op = "list dead letters"
	at, err := parse(op, journal.Position(after))
	if err != nil {
		return nil, err
	}
	if limit < 1 {
		return nil, lineage.Invalid(op, "limit", "ask for at least one letter")
	}
	return j.letters(ctx, op, selectLetters+" WHERE letter.position > ? ORDER BY letter.position LIMIT ?", at, limit)
}

// Letter implements journal.DeadLetters.
func (j *Journal) Letter(ctx context.Context, id string) (journal.DeadLetter, error) {
	const op = "read dead letter"
	at, err := parse(op, journal.Position(id))
	if err != nil {
		return journal.DeadLetter{}, err
	}
	letters, err := j.letters(ctx, op, selectLetters+" WHERE letter.position = ?", at)
	if err != nil {
		return journal.DeadLetter{}, err
	}
	if len(letters) == 0 {
		return journal.DeadLetter{}, noLetter(op, id)
	}
	return letters[0], nil
}

func (j *Journal) letters(ctx context.Context, op, query string, args ...any) ([]journal.DeadLetter, error) {
	// One read transaction: a letter and its history belong together.
	tx, err := j.reads.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, j.failed(ctx, op, "", err)
	}
	defer func() { _ = tx.Rollback() }()
	letters, err := scanLetters(ctx, tx, query, args)
	if err != nil {
		return nil, j.failed(ctx, op, "", err)
	}
	for i := range letters {
		if letters[i].History, err = history(ctx, tx, letters[i].ID); err != nil {
			return nil, j.failed(ctx, op, letters[i].ID, err)
		}
	}
	return letters, nil
}

func scanLetters(ctx context.Context, tx *sql.Tx, query string, args []any) ([]journal.DeadLetter, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var letters []journal.DeadLetter
	for rows.Next() {
		var l journal.DeadLetter
		var position, died int64
		var at, checksum sql.NullInt64 // null where retention took the record
		var encoded []byte
		if err := rows.Scan(&position, &l.Stage, &l.Error, &l.Remedy, &l.Attempts, &died, &l.State, &at, &checksum, &encoded); err != nil {
			return nil, err
		}
		l.ID, l.DiedAt = string(format(position)), time.UnixMicro(died).UTC()
		// A damaged record may be the very reason: then only its place is known.
		l.Record, _ = unseal(position, at.Int64, checksum.Int64, encoded)
		letters = append(letters, l)
	}
	return letters, rows.Err()
}

func history(ctx context.Context, tx *sql.Tx, id string) ([]journal.Turn, error) {
	rows, err := tx.QueryContext(ctx, "SELECT at, state, stage, error, attempts FROM letter_turn WHERE position = ? ORDER BY turn", id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var turns []journal.Turn
	for rows.Next() {
		var turn journal.Turn
		var at int64
		if err := rows.Scan(&at, &turn.State, &turn.Stage, &turn.Error, &turn.Attempts); err != nil {
			return nil, err
		}
		turn.At = time.UnixMicro(at).UTC()
		turns = append(turns, turn)
	}
	return turns, rows.Err()
}
