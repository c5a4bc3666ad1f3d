package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"wellspring/ingest/journal"
)

// The bounds of one transaction. One task alone may be over them.
const (
	maxTasks = 4096
	maxBytes = 16 << 20
)

// writer owns the one connection that writes. Tasks that arrive while a
// transaction is being synced share the next one.
type writer struct {
	db     *sql.DB
	conn   *sql.Conn
	clock  func() time.Time
	logger *slog.Logger

	statements map[string]*sql.Stmt
	position   int64       // of the last record
	appendedAt int64       // of the last record, µs
	uncertain  bool        // a transaction failed: what is on disk has to be asked
	repeats    bool        // the last batch had records that were there already
	failing    atomic.Bool // the last transaction failed: so that a lasting failure is logged once

	tasks   chan *task
	quit    chan struct{}
	stopped chan struct{}
	head    head
}

// task is a piece of writing that stands or falls as a whole: rows to append, or
// anything else.
type task struct {
	op       string
	bytes    int
	rows     []row
	receipts []journal.Receipt // of the rows
	write    func(*transaction) error
	done     chan error
}

// transaction is what a task writes into.
type transaction struct {
	*writer
	position   int64
	appendedAt int64
	broken     error // what SQLite said: the whole transaction has to go
}

func startWriter(db *sql.DB, clock func() time.Time, logger *slog.Logger) (*writer, error) {
	w := &writer{
		db: db, clock: clock, logger: logger, uncertain: true,
		tasks: make(chan *task, 256), quit: make(chan struct{}), stopped: make(chan struct{}),
	}
	w.head.init()
	if err := w.settle(); err != nil {
		return nil, failed("open journal", "", err)
	}
	go w.loop()
	return w, nil
}

// do has the loop write and waits until it is durable. When ctx ends first it
// may be written or not.
func (w *writer) do(ctx context.Context, op string, write func(*transaction) error) error {
	return w.submit(ctx, &task{op: op, write: write, done: make(chan error, 1)})
}

func (w *writer) submit(ctx context.Context, t *task) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", t.op, context.Cause(ctx))
	}
	select {
	case w.tasks <- t:
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", t.op, context.Cause(ctx))
	case <-w.quit:
		return closed(t.op)
	}
	select {
	case err := <-t.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", t.op, context.Cause(ctx))
	case <-w.stopped:
	}
	// The loop may have answered before it stopped.
	select {
	case err := <-t.done:
		return err
	default:
		return closed(t.op)
	}
}

func (w *writer) stop() error {
	close(w.quit)
	<-w.stopped
	var err error
	if w.conn != nil {
		err = w.conn.Close()
	}
	return errors.Join(err, w.db.Close())
}

func (w *writer) loop() {
	defer close(w.stopped)
	for {
		select {
		case <-w.quit:
			return
		case first := <-w.tasks:
			w.commit(w.gather(first))
		}
	}
}

// gather takes along what waits already.
func (w *writer) gather(first *task) []*task {
	runtime.Gosched() // the writers that the last commit woke are about to come back
	batch, size := []*task{first}, first.bytes
	for len(batch) < maxTasks && size < maxBytes {
		select {
		case t := <-w.tasks:
			batch = append(batch, t)
			size += t.bytes
		default:
			return batch
		}
	}
	return batch
}

// commit writes a batch in one transaction and answers its tasks.
func (w *writer) commit(batch []*task) {
	answers := make([]error, len(batch))
	if err := w.attempt(batch, answers); err != nil {
		w.uncertain = true
		if !w.failing.Swap(true) {
			w.logger.Error("journal can't write: nothing is acknowledged until it can", "error", err)
		}
		for i, t := range batch {
			if answers[i] == nil {
				answers[i] = failed(t.op, "journal", err)
			}
		}
	} else if w.failing.Swap(false) {
		w.logger.Info("journal can write again")
	}
	for i, t := range batch {
		t.done <- answers[i]
	}
}

// attempt returns what SQLite said when nothing of the batch was written, and
// leaves in answers what a task refused by itself.
func (w *writer) attempt(batch []*task, answers []error) error {
	if err := w.settle(); err != nil {
		return err
	}
	err := w.transact(batch, answers)
	if errors.Is(err, errRepeated) {
		w.repeats = true
		if _, err := w.conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
			return err
		}
		return w.transact(batch, answers)
	}
	return err
}

// transact writes a batch in one transaction. It begins with what is appended.
func (w *writer) transact(batch []*task, answers []error) error {
	t := &transaction{writer: w, position: w.position, appendedAt: w.appendedAt}
	if err := t.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := t.insert(batch); err != nil {
		return err
	}
	for i, task := range batch {
		if task.write == nil {
			continue
		}
		answers[i] = task.write(t)
		if t.broken != nil {
			clear(answers)
			return t.broken
		}
	}
	if err := t.exec("COMMIT"); err != nil {
		return err
	}
	w.position, w.appendedAt = t.position, t.appendedAt
	w.head.advance(w.position)
	return nil
}

// insert appends the rows of a batch: all together, unless the last batch said that
// some may be there already, as where messages come several times.
func (t *transaction) insert(batch []*task) error {
	if !t.repeats {
		return t.insertNew(batch)
	}
	t.repeats = false
	for _, task := range batch {
		repeats, err := t.insertEach(task)
		if err != nil {
			return err
		}
		t.repeats = t.repeats || repeats
	}
	return nil
}

// settle makes the connection usable after a failure: no transaction open, and
// known what is on disk.
func (w *writer) settle() error {
	if !w.uncertain {
		return nil
	}
	ctx := context.Background()
	if w.conn != nil {
		// A broken connection is thrown away, with its transaction and its statements: as
		// long as one of them is there, so is the lock.
		_, _ = w.conn.ExecContext(ctx, "ROLLBACK")
		for _, s := range w.statements {
			_ = s.Close()
		}
		_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
		_ = w.conn.Close()
		w.conn = nil
	}
	conn, err := w.db.Conn(ctx)
	if err != nil {
		return err
	}
	w.conn, w.statements = conn, make(map[string]*sql.Stmt)
	row := conn.QueryRowContext(ctx, "SELECT coalesce(max(position), 0), coalesce(max(appended_at), 0) FROM record WHERE position = (SELECT max(position) FROM record)")
	if err := row.Scan(&w.position, &w.appendedAt); err != nil {
		return err
	}
	w.uncertain = false
	w.head.advance(w.position)
	return nil
}

// statement returns the prepared form of a statement.
func (t *transaction) statement(text string) (*sql.Stmt, error) {
	if s, there := t.statements[text]; there {
		return s, nil
	}
	s, err := t.conn.PrepareContext(context.Background(), text)
	if err != nil {
		t.broken = err
		return nil, err
	}
	t.statements[text] = s
	return s, nil
}

func (t *transaction) exec(text string, args ...any) error {
	_, err := t.change(text, args...)
	return err
}

// change executes a statement and returns how many rows it changed.
func (t *transaction) change(text string, args ...any) (int64, error) {
	s, err := t.statement(text)
	if err != nil {
		return 0, err
	}
	result, err := s.Exec(args...)
	if err != nil {
		t.broken = err
		return 0, err
	}
	return result.RowsAffected()
}

// find scans the one row that a query answers; sql.ErrNoRows where there is none.
func (t *transaction) find(text string, args []any, into ...any) error {
	s, err := t.statement(text)
	if err != nil {
		return err
	}
	err = s.QueryRow(args...).Scan(into...)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.broken = err
	}
	return err
}

// now is the journal's time in µs: the clock's, never before the last record's.
func (t *transaction) now() int64 {
	t.appendedAt = max(t.appendedAt, t.clock().UnixMicro())
	return t.appendedAt
}

// head is the position of the last durable record, to wait on.
type head struct {
	mu       sync.Mutex
	position int64
	moved    chan struct{} // closed when position advances
}

func (h *head) init() { h.moved = make(chan struct{}) }

func (h *head) advance(position int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if position > h.position {
		h.position = position
		close(h.moved)
		h.moved = make(chan struct{})
	}
}

// get returns the head and a channel that is closed when it has moved on.
func (h *head) get() (int64, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.position, h.moved
}
