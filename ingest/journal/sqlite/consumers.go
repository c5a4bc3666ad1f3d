package sqlite

import (
	"context"

	"wellspring/ingest/journal"
)

// LettersOf are the dead letters of another consumer, which is named.
func (j *Journal) LettersOf(consumer string) journal.DeadLetters { return letters{j, consumer} }

// DontWaitFor says which consumers retention does not wait for, in place of those it
// was told before.
func (j *Journal) DontWaitFor(ctx context.Context, consumers ...string) error {
	return j.writer.do(ctx, "don't wait for consumers", func(t *transaction) error {
		if err := t.exec("DELETE FROM unhurried"); err != nil {
			return err
		}
		for _, name := range consumers {
			if err := t.exec("INSERT INTO unhurried (name) VALUES (?) ON CONFLICT DO NOTHING", name); err != nil {
				return err
			}
		}
		return nil
	})
}
