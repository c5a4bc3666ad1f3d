package etl

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// A store that answers but refuses one owner has a time of grace; one that takes no
// writes from anybody is waited for.
func TestNobodyIsAtFaultForAStoreWithoutWrites(t *testing.T) {
	for _, c := range []struct {
		cause error
		gives bool // up
	}{
		{errors.New("refused"), true},
		{fmt.Errorf("%w: disk full", graphstore.ErrNoWrites), false},
	} {
		now := time.Unix(0, 0)
		tries := newTries(Retry{}.withDefaults(), func() time.Time { return now }, func() bool { return true })
		err := &lineage.Error{Op: "apply", Kind: lineage.ErrorUnavailable, Err: c.cause}
		var permanent *backoff.PermanentError
		if errors.As(tries.saw(err), &permanent) {
			t.Errorf("%v: given up at once", c.cause)
		}
		now = now.Add(24 * time.Hour)
		if got := errors.As(tries.saw(err), &permanent); got != c.gives {
			t.Errorf("%v: given up after a day: %v, want %v", c.cause, got, c.gives)
		}
	}
}
