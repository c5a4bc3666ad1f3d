package bridge

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/sync/errgroup"

	"wellspring/ingest/intake"
	"wellspring/lineage"
)

// Capacity is how many runs a robot keeps.
const Capacity = 20

// Options say which robot to read, and how. Zero fields take the defaults.
type Options struct {
	Robot Address
	Dir   string // folder of the checkpoints; made if it is not there
	// Rate is how many requests a second the robot is sent at most; default 40. It
	// is never sent two at once, and left alone after a slow answer for as long as that took.
	Rate float64
	// Poll is how often a run under way is looked at without a hint; default 1 s. The
	// list of runs is read every 5th time, every 15th while hints come.
	Poll     time.Duration
	Longest  time.Duration // between two tries to reach a robot that is away; default 30 s
	Capacity int           // default Capacity
	// Margin raises the alarm when so few runs can still be started before one that
	// was not read is deleted; default 5.
	Margin   int
	MaxBytes int64 // of one answer; default 64 MiB
	Logger   *slog.Logger
}

func (o *Options) defaults() {
	o.Rate = cmp.Or(o.Rate, 40)
	o.Poll = cmp.Or(o.Poll, time.Second)
	o.Longest = cmp.Or(o.Longest, 30*time.Second)
	o.Capacity = cmp.Or(o.Capacity, Capacity)
	o.Margin = cmp.Or(o.Margin, 5)
	o.MaxBytes = cmp.Or(o.MaxBytes, 64<<20)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

// Acceptor takes messages, and returns once they are durable; intake.Intake does.
type Acceptor interface {
	Accept(ctx context.Context, messages ...intake.Message) ([]intake.Receipt, error)
}

// Bridge reads one robot.
type Bridge struct {
	options Options
	logger  *slog.Logger
	intake  Acceptor
	hints   *hints
	state   atomic.Pointer[State]

	// What follows belongs to the one goroutine of Run.
	client   *client
	kept     *checkpoint
	file     string // of the checkpoint
	robot    health
	pipettes map[string]string // serial numbers by mount
	known    bool              // robot and kept are those of the robot that answers
	due      struct {
		list, header, commands bool
		nextList, nextLook     time.Time
	}
	active    string // the run that is followed
	saved     time.Time
	dirty     bool // the checkpoint on disk is older than what is known
	protocols map[string]protocol
	failed    error // of the last round
	failures  int   // in a row
	alarmed   map[string]bool
}

// New returns a Bridge; Run lets it work.
func New(options Options, in Acceptor) (*Bridge, error) {
	options.defaults()
	if err := os.MkdirAll(options.Dir, 0o700); err != nil {
		return nil, &lineage.Error{Op: "open bridge", Kind: lineage.ErrorInvalid, ID: options.Dir, Hint: "name a folder that can be written with data-dir", Err: err}
	}
	b := &Bridge{
		options: options, intake: in, hints: newHints(),
		logger:    options.Logger.With("robot", options.Robot.Name),
		client:    newClient(options.Robot, options.Rate, options.MaxBytes),
		kept:      &checkpoint{Runs: map[string]*run{}},
		protocols: map[string]protocol{}, alarmed: map[string]bool{},
	}
	b.tell()
	return b, nil
}

// Run reads the robot until ctx ends. A robot, a journal or a disk that is out
// of order is tried again and again; State says so.
func (b *Bridge) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	if b.options.Robot.MQTT != "" {
		group.Go(func() error { return b.hints.listen(ctx, b.options.Robot.MQTT, b.logger) })
	}
	group.Go(func() error {
		b.work(ctx)
		b.client.close()
		return nil
	})
	return group.Wait()
}

func (b *Bridge) work(ctx context.Context) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = min(b.options.Poll, b.options.Longest), b.options.Longest
	defer func() {
		if b.dirty {
			if err := b.save(); err != nil {
				b.logger.Warn("the checkpoint is not the newest: a little is read again", "error", err)
			}
		}
	}()
	for ctx.Err() == nil {
		more, err := b.round(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil && b.dirty {
			err = b.saveSoon()
		}
		b.judge(err)
		b.tell()
		wait := b.untilDue(time.Now())
		switch {
		case err != nil:
			wait = pause.NextBackOff()
			if e, ok := answered(err); ok {
				wait = max(wait, e.after)
			}
		case more:
			pause.Reset()
			continue
		default:
			pause.Reset()
		}
		b.rest(ctx, wait, err != nil)
	}
}

// rest waits, or until a hint comes. After a failure a hint shortens no wait:
// hints come from a broker that may live while the robot's server doesn't.
func (b *Bridge) rest(ctx context.Context, wait time.Duration, failed bool) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	hinted := b.hints.came
	if failed {
		hinted = nil
	}
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-hinted:
	}
}

// round does what is due. more: there is more to do at once.
func (b *Bridge) round(ctx context.Context) (more bool, err error) {
	if !b.known {
		if err := b.meet(ctx); err != nil {
			return false, err
		}
	}
	b.noteDue(time.Now())
	if b.due.list {
		if err := b.look(ctx); err != nil {
			return false, err
		}
	}
	if id := b.nextHarvest(time.Now()); id != "" && b.pressing() {
		return true, b.harvest(ctx, id) // before anything else: the robot may delete it
	}
	if err := b.follow(ctx); err != nil {
		return false, err
	}
	if id := b.nextHarvest(time.Now()); id != "" {
		return true, b.harvest(ctx, id)
	}
	if id := b.nextPlan(time.Now()); id != "" {
		return true, b.plan(ctx, id, b.kept.Runs[id])
	}
	return false, nil
}

// noteDue takes hints and clocks into account.
func (b *Bridge) noteDue(now time.Time) {
	list, header, commands := b.hints.take()
	every := 5 * b.options.Poll
	if b.hints.on() {
		every *= 3
	}
	if list || now.After(b.due.nextList) {
		b.due.list, b.due.nextList = true, now.Add(every)
	}
	look := now.After(b.due.nextLook)
	if look {
		wait := b.options.Poll
		if r := b.kept.Runs[b.active]; r != nil && (r.Status == "idle" || r.Status == "paused") && b.hints.on() {
			wait *= 5 // somebody has to do something first, and that is hinted at
		}
		b.due.nextLook = now.Add(wait)
	}
	b.due.header = b.due.header || header || look
	b.due.commands = b.due.commands || commands || look
}

// untilDue is how long nothing has to be done without a hint.
func (b *Bridge) untilDue(now time.Time) time.Duration {
	next := b.due.nextList
	if b.active != "" && b.due.nextLook.Before(next) {
		next = b.due.nextLook
	}
	for _, r := range b.kept.Runs {
		for _, again := range []time.Time{r.again, r.ask} {
			if again.After(now) && again.Before(next) {
				next = again
			}
		}
	}
	return max(next.Sub(now), time.Millisecond)
}

// judge remembers how a round went, and says so once.
func (b *Bridge) judge(err error) {
	was := b.failed
	b.failed = err
	if err == nil {
		if was != nil {
			b.logger.Info("the robot is read again", "after", b.failures)
		}
		b.failures = 0
		return
	}
	if b.failures++; b.failures == 1 || was == nil || was.Error() != err.Error() {
		what := "the robot can't be read; trying again"
		if isJournal(err) {
			what = "the journal does not take what the robot did; trying again"
		}
		b.logger.Warn(what, "error", err)
	}
	if e, ok := answered(err); ok && e.status < 500 || errors.Is(err, errUnchanged) {
		return // it answers, and is the one it was
	}
	b.known = false // whoever answers next may be another one, or have lost its runs
	clear(b.client.etags)
}

// meet asks who answers, and takes up what is remembered of it.
func (b *Bridge) meet(ctx context.Context) error {
	if err := b.identify(ctx); err != nil {
		return err
	}
	file := checkpointFile(b.options.Dir, b.options.Robot.Name, b.robot.Serial)
	if b.file != file {
		kept, err := readCheckpoint(file)
		if err != nil {
			return err
		}
		if b.file != "" {
			b.logger.Warn("another robot answers at this address; what is remembered of the other one is kept", "serial", b.robot.Serial, "before", b.kept.Serial)
		}
		b.kept, b.file, b.active = kept, file, ""
		b.kept.Serial = b.robot.Serial
		clear(b.protocols)
	}
	b.known, b.due.list, b.due.header, b.due.commands = true, true, true, true
	return nil
}

// identify asks the robot for its name, its software and what is mounted.
func (b *Bridge) identify(ctx context.Context) error {
	var said health
	if err := b.client.get(ctx, &said, nil, "health"); err != nil {
		return err
	}
	var mounts map[string]struct {
		ID string `json:"id"`
	}
	if err := b.client.get(ctx, &mounts, nil, "pipettes"); err != nil {
		if e, ok := answered(err); !ok || e.status >= 500 {
			return err
		}
	}
	b.robot, b.pipettes = said, map[string]string{}
	for mount, p := range mounts {
		if p.ID != "" {
			b.pipettes[mount] = p.ID
		}
	}
	return nil
}

// save writes the checkpoint.
func (b *Bridge) save() error {
	if err := b.kept.write(b.file); err != nil {
		return err
	}
	b.saved, b.dirty = time.Now(), false
	return nil
}

// saveSoon writes the checkpoint if it is older than a second. What is lost of it
// by a crash is read and journaled again.
func (b *Bridge) saveSoon() error {
	b.dirty = true
	if time.Since(b.saved) < time.Second {
		return nil
	}
	return b.save()
}
