// Package anchor leaves signed checkpoints of the evidence log outside, where
// who holds the log's key and file can't reach them: in a file, at an address,
// with a witness, at a timestamping authority.
//
// On the road of a fact it comes after the ledger, on a schedule; what came back
// is kept there and goes into packages.
//
// It refuses to be silent: a place that can't be reached, or that contradicts
// the log, is measured and logged until it takes a checkpoint again.
package anchor

import (
	"context"
	"crypto/x509"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sync/errgroup"

	"wellspring/evidence"
	"wellspring/lineage"
)

// Log is the evidence log.
type Log interface {
	Origin() string
	Keys() []evidence.Key
	Size() int64
	CheckpointAt(ctx context.Context, size int64) ([]byte, error)
	ProveGrowth(ctx context.Context, from, to int64) ([]tlog.Hash, error)
	AnchoredAt(ctx context.Context, kind, place string) (int64, error)
	KeepAnchor(ctx context.Context, size int64, a evidence.Anchor) error
}

// Options say where to, and how often.
type Options struct {
	Places    []Place
	Every     time.Duration // at most this often at each place
	Witnesses []note.Verifier
	Roots     []*x509.Certificate // of timestamping authorities
	Logger    *slog.Logger
	Registry  prometheus.Registerer
}

// Keeper leaves the checkpoints of one log.
type Keeper struct {
	options Options
	log     Log
	trust   evidence.Trust

	size, at *prometheus.GaugeVec
	failing  *prometheus.GaugeVec
}

// The reasons for which a place fails.
const (
	reasonUnavailable  = "unavailable"
	reasonContradicted = "contradicted" // the place saw another log than this one
)

// New returns a Keeper; Run lets it work.
func New(log Log, o Options) (*Keeper, error) {
	k := &Keeper{options: o, log: log, trust: evidence.Trust{Witnesses: o.Witnesses, Roots: o.Roots}}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, append([]string{"kind", "place"}, labels...))
	}
	k.size = gauge("wellspring_anchor_entries", "How many entries the log had when its checkpoint was left at a place last.")
	k.at = gauge("wellspring_anchor_last_success_timestamp_seconds", "When a place last held all of the log, in Unix seconds; 0: not since the start.")
	k.failing = gauge("wellspring_anchor_failing", "1 while a place takes no checkpoint (unavailable), or has seen another log than this one (contradicted).", "reason")
	for _, c := range []prometheus.Collector{k.size, k.at, k.failing} {
		if err := o.Registry.Register(c); err != nil {
			return nil, &lineage.Error{Op: "measure anchors", Kind: lineage.ErrorInternal, Err: err}
		}
	}
	return k, nil
}

// Run leaves checkpoints at every place until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	var group errgroup.Group
	for _, p := range k.options.Places {
		group.Go(func() error {
			k.serve(ctx, p)
			return nil
		})
	}
	return group.Wait()
}

// serve leaves what is new at one place, as often as Every, and tries again what failed.
func (k *Keeper) serve(ctx context.Context, p Place) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = min(10*time.Second, k.options.Every), k.options.Every
	for {
		size, err := k.Leave(ctx, p)
		if ctx.Err() != nil {
			return
		}
		wait := k.options.Every
		if k.tell(ctx, p, size, err); err != nil {
			wait = pause.NextBackOff()
		} else {
			pause.Reset()
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// tell measures and logs how it went.
func (k *Keeper) tell(ctx context.Context, p Place, size int64, err error) {
	contradicted := lineage.KindOf(err) == lineage.ErrorConflict
	set := func(reason string, failing bool) {
		value := 0.
		if failing {
			value = 1
		}
		k.failing.WithLabelValues(p.Kind, p.Address, reason).Set(value)
	}
	set(reasonContradicted, contradicted)
	set(reasonUnavailable, err != nil && !contradicted)
	switch {
	case err == nil:
		k.size.WithLabelValues(p.Kind, p.Address).Set(float64(size))
		k.at.WithLabelValues(p.Kind, p.Address).SetToCurrentTime()
	case contradicted:
		k.options.Logger.ErrorContext(ctx, "A PLACE OUTSIDE HAS SEEN ANOTHER EVIDENCE LOG: this one was changed, or restored from an older backup; run wellspring verify --log",
			"kind", p.Kind, "place", p.Address, "error", err)
	default:
		k.options.Logger.WarnContext(ctx, "a checkpoint of the evidence log could not be left outside: it is tried again", "kind", p.Kind, "place", p.Address, "error", err)
	}
}

// Leave leaves the newest checkpoint at a place where it is not there yet, and
// returns its size.
func (k *Keeper) Leave(ctx context.Context, p Place) (int64, error) {
	before, err := k.log.AnchoredAt(ctx, p.Kind, p.Address)
	if err != nil {
		return 0, err
	}
	size := k.log.Size()
	if size <= before {
		return before, nil
	}
	checkpoint, err := k.log.CheckpointAt(ctx, size)
	if err != nil {
		return 0, err
	}
	a := evidence.Anchor{Kind: p.Kind, Place: p.Address, Checkpoint: string(checkpoint)}
	switch p.Kind {
	case evidence.AnchorFile:
		err = appendTo(p.Address, checkpoint)
	case evidence.AnchorWebhook:
		_, err = p.post(ctx, "text/plain; charset=utf-8", checkpoint)
	case evidence.AnchorWitness:
		a.Token, err = k.cosignature(ctx, p, before, size, checkpoint)
	case evidence.AnchorTimestamp:
		a.Token, err = p.stamp(ctx, checkpoint)
	}
	if err != nil {
		return 0, err
	}
	if err := k.check(a); err != nil {
		return 0, err
	}
	return size, k.log.KeepAnchor(ctx, size, a)
}

// check looks whether what came back will convince anybody.
func (k *Keeper) check(a evidence.Anchor) error {
	keys, err := evidence.CheckChain(k.log.Origin(), k.log.Keys())
	if err != nil {
		return err
	}
	_, found, err := a.Open(k.log.Origin(), keys, k.trust)
	if err == nil && !found.Trusted && (a.Kind == evidence.AnchorWitness || a.Kind == evidence.AnchorTimestamp) {
		err = lineage.Invalid("check anchor", a.Place, "it is signed by nobody who is named in evidence.witness-keys, evidence.timestamp-ca")
	}
	return err
}
