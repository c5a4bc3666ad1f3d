package main

import (
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"wellspring/api/client"
	"wellspring/app"
)

// bar shows on a terminal how far something is; elsewhere it is silent.
type bar struct {
	all    *mpb.Progress
	line   *mpb.Bar
	step   atomic.Pointer[string]
	ended  sync.Once
	silent bool
}

func newBar(cmd *cobra.Command) *bar {
	b := &bar{silent: !terminal(cmd.ErrOrStderr())}
	if b.silent {
		return b
	}
	b.step.Store(new(string))
	b.all = mpb.NewWithContext(cmd.Context(), mpb.WithOutput(cmd.ErrOrStderr()), mpb.WithWidth(barWidth))
	b.line = b.all.AddBar(0, mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return *b.step.Load() }, decor.WCSyncWidthR)),
		mpb.AppendDecorators(decor.CountersNoUnit("%d of %d"), decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO, decor.WC{W: 8}), "")))
	return b
}

// terminal says whether somebody looks at what is written to w.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

const barWidth = 60

// show says how far a step is; total 0: nobody knows of how much.
func (b *bar) show(step string, done, total int64) {
	if b.silent {
		return
	}
	b.step.Store(&step)
	b.line.SetTotal(total, false)
	b.line.SetCurrent(done)
}

func (b *bar) progress(p app.Progress) { b.show(p.Step, p.Done, p.Total) }

// print writes lines to w; above the bar, where w is a terminal as well.
func (b *bar) print(w io.Writer, text string) {
	if !b.silent && terminal(w) {
		w = b.all
	}
	_, _ = io.WriteString(w, text)
}

// done takes the bar away.
func (b *bar) done() {
	if b.silent {
		return
	}
	b.ended.Do(func() {
		b.line.Abort(true)
		b.all.Wait()
	})
}

const followPeriod = 200 * time.Millisecond

// follow asks how something stands until it has ended.
func follow(cmd *cobra.Command, ask func() (running bool, progress client.FsckProgress, err error)) error {
	show := newBar(cmd)
	defer show.done()
	ticker := time.NewTicker(followPeriod)
	defer ticker.Stop()
	for {
		running, progress, err := ask()
		if err != nil || !running {
			return err
		}
		show.show(progress.Step, progress.Done, progress.Total)
		select {
		case <-ticker.C:
		case <-cmd.Context().Done():
			return cmd.Context().Err()
		}
	}
}
