package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// letters are the dead letters of one consumer of the journal; the one without a
// name is the journal's own.
type letters struct {
	*Journal
	consumer string
}

// Bury implements journal.DeadLetters.
func (j *Journal) Bury(ctx context.Context, letter journal.DeadLetter) error {
	return j.LettersOf("").Bury(ctx, letter)
}

// Settle implements journal.DeadLetters.
func (j *Journal) Settle(ctx context.Context, id, state string) error {
	return j.LettersOf("").Settle(ctx, id, state)
}

// Letters implements journal.DeadLetters.
func (j *Journal) Letters(ctx context.Context, after string, limit int) ([]journal.DeadLetter, error) {
	return j.LettersOf("").Letters(ctx, after, limit)
}

// Letter implements journal.DeadLetters.
func (j *Journal) Letter(ctx context.Context, id string) (journal.DeadLetter, error) {
	return j.LettersOf("").Letter(ctx, id)
}

func (j letters) Bury(ctx context.Context, letter journal.DeadLetter) error {
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
			INSERT INTO letter (consumer, position, stage, error, remedy, attempts, died_at, state) VALUES (?, ?, ?, ?, ?, ?, ?, 'dead')
			ON CONFLICT (consumer, position) DO UPDATE SET stage = excluded.stage, error = excluded.error, remedy = excluded.remedy,
				attempts = excluded.attempts, died_at = excluded.died_at, state = excluded.state
			WHERE state = 'retried'`,
			j.consumer, at, letter.Stage, letter.Error, letter.Remedy, letter.Attempts, died.UnixMicro())
		if err != nil || changed == 0 {
			return err
		}
		return t.turn(j.consumer, at, journal.Turn{At: died, State: journal.StateDead, Stage: letter.Stage, Error: letter.Error, Attempts: letter.Attempts})
	})
}

func (t *transaction) turn(consumer string, position int64, turn journal.Turn) error {
	return t.exec(`
		INSERT INTO letter_turn (consumer, position, turn, at, state, stage, error, attempts)
		VALUES (?1, ?2, (SELECT count(*) FROM letter_turn WHERE consumer = ?1 AND position = ?2), ?3, ?4, ?5, ?6, ?7)`,
		consumer, position, turn.At.UnixMicro(), turn.State, turn.Stage, turn.Error, turn.Attempts)
}

func (j letters) Settle(ctx context.Context, id, state string) error {
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
		switch err := t.find("SELECT state FROM letter WHERE consumer = ? AND position = ?", []any{j.consumer, at}, &now); {
		case errors.Is(err, sql.ErrNoRows):
			return noLetter(op, id)
		case err != nil || now == state:
			return err
		}
		if err := t.exec("UPDATE letter SET state = ? WHERE consumer = ? AND position = ?", state, j.consumer, at); err != nil {
			return err
		}
		return t.turn(j.consumer, at, journal.Turn{At: j.clock(), State: state})
	})
}

func noLetter(op, id string) error {
	return lineage.NotFound(op, id, "list the dead letters to see which there are")
}

const selectLetters = `
	SELECT letter.position, stage, error, remedy, attempts, died_at, state, appended_at, checksum, envelope
	FROM letter LEFT JOIN record USING (position) WHERE letter.consumer = ?`

func (j letters) Letters(ctx context.Context, after string, limit int) ([]journal.DeadLetter, error) {
	const op = "list dead letters"
	at, err := parse(op, journal.Position(after))
	if err != nil {
		return nil, err
	}
	if limit < 1 {
		return nil, lineage.Invalid(op, "limit", "ask for at least one letter")
	}
	return j.find(ctx, op, selectLetters+" AND letter.position > ? ORDER BY letter.position LIMIT ?", j.consumer, at, limit)
}

func (j letters) Letter(ctx context.Context, id string) (journal.DeadLetter, error) {
	const op = "read dead letter"
	at, err := parse(op, journal.Position(id))
	if err != nil {
		return journal.DeadLetter{}, err
	}
	found, err := j.find(ctx, op, selectLetters+" AND letter.position = ?", j.consumer, at)
	if err != nil {
		return journal.DeadLetter{}, err
	}
	if len(found) == 0 {
		return journal.DeadLetter{}, noLetter(op, id)
	}
	return found[0], nil
}

func (j letters) find(ctx context.Context, op, query string, args ...any) ([]journal.DeadLetter, error) {
	// One read transaction: a letter and its history belong together.
	tx, err := j.reads.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, j.failed(ctx, op, "", err)
	}
	defer func() { _ = tx.Rollback() }()
	found, err := scanLetters(ctx, tx, query, args)
	if err != nil {
		return nil, j.failed(ctx, op, "", err)
	}
	for i := range found {
		if found[i].History, err = history(ctx, tx, j.consumer, found[i].ID); err != nil {
			return nil, j.failed(ctx, op, found[i].ID, err)
		}
	}
	return found, nil
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
		l.Record, _, _ = unseal(position, at.Int64, checksum.Int64, encoded)
		letters = append(letters, l)
	}
	return letters, rows.Err()
}

func history(ctx context.Context, tx *sql.Tx, consumer, id string) ([]journal.Turn, error) {
	rows, err := tx.QueryContext(ctx, "SELECT at, state, stage, error, attempts FROM letter_turn WHERE consumer = ? AND position = ? ORDER BY turn", consumer, id)
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
