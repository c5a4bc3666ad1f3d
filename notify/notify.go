package notify

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"wellspring/etl"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// Options of a Notifier. Path and Webhooks are needed.
type Options struct {
	Path     string // of the outbox
	Webhooks []Webhook
	Version  string // of this program, which receivers are told

	Keep    int           // notices that wait for one receiver at most; older ones give way. Default 10,000
	First   time.Duration // wait after the first try that failed; it doubles. Default 1 s
	Longest time.Duration // between two tries. Default 15 min
	GiveUp  time.Duration // age at which a notice is not tried again. Default 72 h
	Answer  time.Duration // how long an answer is waited for. Default 15 s

	Clock  func() time.Time // default time.Now
	Logger *slog.Logger     // default: none
}

func (o Options) withDefaults() Options {
	o.Keep = cmp.Or(o.Keep, 10_000)
	o.First, o.Longest = cmp.Or(o.First, time.Second), cmp.Or(o.Longest, 15*time.Minute)
	o.GiveUp, o.Answer = cmp.Or(o.GiveUp, 72*time.Hour), cmp.Or(o.Answer, 15*time.Second)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Notifier tells receivers what happened. It is an etl.Listener.
type Notifier struct {
	options   Options
	outbox    *outbox
	receivers []*receiver
}

var _ etl.Listener = (*Notifier)(nil)

// Open opens the outbox, or begins one. Run sends what is in it.
func Open(ctx context.Context, options Options) (*Notifier, error) {
	options = options.withDefaults()
	n := &Notifier{options: options}
	var names []string
	for _, w := range options.Webhooks {
		r, err := newReceiver(w, options)
		if err != nil {
			return nil, err
		}
		n.receivers, names = append(n.receivers, r), append(names, r.name)
	}
	var err error
	if n.outbox, err = openOutbox(ctx, options.Path, options.Keep); err != nil {
		return nil, err
	}
	if err := n.outbox.admit(ctx, names, options.Clock()); err != nil {
		_ = n.outbox.close()
		return nil, err
	}
	return n, nil
}

// Close closes the outbox. Run must have ended.
func (n *Notifier) Close() error { return n.outbox.close() }

// Run sends until ctx ends.
func (n *Notifier) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, r := range n.receivers {
		group.Go(func() error {
			(&sender{receiver: r, outbox: n.outbox, options: n.options}).run(ctx)
			return nil
		})
	}
	return group.Wait()
}

// Ended implements etl.Listener.
func (n *Notifier) Ended(ctx context.Context, e etl.Ending) error {
	var ours []draft
	if n.find(OpenLineage) != nil {
		var err error
		if ours, err = processed(e, n.options.Version); err != nil {
			return err
		}
	}
	return n.put(ctx, e.Processing.Owner, func(before *told) (told, []draft) {
		after, drafts := news(before, e)
		return after, append(drafts, ours...)
	})
}

// Died implements etl.Listener.
func (n *Notifier) Died(ctx context.Context, letter journal.DeadLetter) error {
	return n.put(ctx, "", func(*told) (told, []draft) { return told{}, []draft{died(letter)} })
}

// Alarm is something that a person should see to at a robot.
type Alarm struct {
	// Key tells one alarm from the next of its kind: one that goes on has one key.
	Key, Kind, Detail string
}

// Alarms tells of those alarms of a robot that it did not have before.
func (n *Notifier) Alarms(ctx context.Context, robot string, alarms []Alarm) error {
	owner := lineage.Owner("robot:" + robot)
	now := n.options.Clock()
	return n.put(ctx, owner, func(before *told) (after told, drafts []draft) {
		for _, a := range alarms {
			after.Alarms = append(after.Alarms, a.Key)
			if before == nil || !slices.Contains(before.Alarms, a.Key) {
				drafts = append(drafts, draft{kind: RobotAlarm, subject: string(owner), at: now, id: newID(string(owner), a.Key, now.String()),
					data: RobotData{Robot: robot, Alarm: a.Kind, Detail: a.Detail}})
			}
		}
		return after, drafts
	})
}

func (n *Notifier) put(ctx context.Context, owner lineage.Owner, compare func(*told) (told, []draft)) error {
	dropped, err := n.outbox.put(ctx, owner, n.receivers, n.options.Clock(), compare)
	if err != nil {
		return err
	}
	for _, r := range n.receivers {
		if count := dropped[r.name]; count > 0 {
			r.dropped.Add(count)
			n.options.Logger.ErrorContext(ctx, "the oldest notices to a webhook gave way to new ones: it takes none for too long",
				slog.String("webhook", r.name), slog.Int64("dropped", count), slog.Int("keep", n.options.Keep))
		}
		r.ring()
	}
	return nil
}

func (n *Notifier) find(name string) *receiver {
	for _, r := range n.receivers {
		if r.name == name {
			return r
		}
	}
	return nil
}
