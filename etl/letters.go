package etl

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// graves knows which records are dead, so that their owners go on without them.
type graves struct {
	mu   sync.Mutex
	dead map[journal.Position]string // why
}

const lettersPage = 200

// load asks for all dead letters: once, at start.
func (g *graves) load(ctx context.Context, letters journal.DeadLetters) error {
	after := ""
	for {
		page, err := letters.Letters(ctx, after, lettersPage)
		if err != nil {
			return err
		}
		for _, l := range page {
			if l.State != journal.StateRetried {
				g.add(position(l), l.Error)
			}
			after = l.ID
		}
		if len(page) < lettersPage {
			return nil
		}
	}
}

// Dead is how many dead letters wait for a person.
func (p *Pipeline) Dead(ctx context.Context) (dead int, err error) {
	err = p.eachLetter(ctx, func(l journal.DeadLetter) {
		if l.State == journal.StateDead {
			dead++
		}
	})
	return dead, err
}

func (p *Pipeline) eachLetter(ctx context.Context, f func(journal.DeadLetter)) error {
	for after := ""; ; {
		page, err := p.config.DeadLetters.Letters(ctx, after, lettersPage)
		if err != nil {
			return err
		}
		for _, l := range page {
			f(l)
			after = l.ID
		}
		if len(page) < lettersPage {
			return nil
		}
	}
}

// position is where a letter's record stands: its ID, also where the record itself is gone.
func position(l journal.DeadLetter) journal.Position {
	if l.Record.Position != "" {
		return l.Record.Position
	}
	return journal.Position(l.ID)
}

func (g *graves) add(at journal.Position, why string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.dead == nil {
		g.dead = map[journal.Position]string{}
	}
	g.dead[at] = why
}

func (g *graves) forgive(at journal.Position) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.dead, at)
}

func (g *graves) len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.dead)
}

func (g *graves) why(at journal.Position) (string, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	why, dead := g.dead[at]
	return why, dead
}

// bury sends a record to the dead letters. Without that the watermark must not
// pass it, so it is tried for as long as it takes.
func (p *Pipeline) bury(ctx context.Context, record journal.Record, stage Stage, attempts int, cause error) error {
	letter := journal.DeadLetter{
		ID: string(record.Position), Record: record, Stage: string(stage), State: journal.StateDead,
		Error: cause.Error(), Remedy: remedy(cause), Attempts: attempts, DiedAt: p.config.Clock(),
	}
	if err := p.tellDied(ctx, letter); err != nil {
		return err
	}
	err := p.patiently(ctx, "bury a dead letter", func() error { return p.config.DeadLetters.Bury(ctx, letter) })
	if err != nil {
		return err
	}
	p.graves.add(record.Position, letter.Error)
	p.metrics.dead.WithLabelValues(string(stage)).Inc()
	p.logger.ErrorContext(ctx, "an envelope went to the dead letters",
		slog.String("owner", record.Envelope.Event.Subject()),
		slog.String("envelope_id", record.Envelope.Event.ID()),
		slog.String("position", string(record.Position)),
		slog.String("stage", string(stage)),
		slog.Any("error", cause),
		slog.String("remedy", letter.Remedy))
	return nil
}

// remedy is what a person can do about an error.
func remedy(err error) string {
	var told *lineage.Error
	for e := err; errors.As(e, &told); e = told.Err {
		if told.Hint != "" {
			return told.Hint
		}
	}
	switch lineage.KindOf(err) {
	case lineage.ErrorInvalid:
		return "correct the document and send it again, then drop this letter"
	case lineage.ErrorTooLarge:
		return "raise the limit or split the document, then retry this letter"
	case lineage.ErrorConflict, lineage.ErrorNotFound, lineage.ErrorAmbiguous:
		return "correct what it contradicts, then retry this letter"
	}
	return "see the log of the service, then retry this letter"
}
