package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wellspring/api/client"
	"wellspring/app"
)

// bar shows on a terminal how far something is; elsewhere it is silent.
type bar struct {
	w     io.Writer
	shown time.Time
}

func newBar(cmd *cobra.Command) *bar {
	if f, ok := cmd.ErrOrStderr().(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return &bar{w: f}
		}
	}
	return &bar{w: io.Discard}
}

const (
	barWidth  = 30
	barPeriod = 100 * time.Millisecond
)

func (b *bar) show(step string, done, total int64) {
	if time.Since(b.shown) < barPeriod {
		return
	}
	b.shown = time.Now()
	if total <= 0 {
		_, _ = fmt.Fprintf(b.w, "\r\x1b[K%-8s %d", step, done)
		return
	}
	full := int(barWidth * min(done, total) / total)
	_, _ = fmt.Fprintf(b.w, "\r\x1b[K%-8s [%s%s] %d of %d", step, strings.Repeat("#", full), strings.Repeat(".", barWidth-full), done, total)
}

func (b *bar) progress(p app.Progress) { b.show(p.Step, p.Done, p.Total) }

func (b *bar) done() { _, _ = fmt.Fprint(b.w, "\r\x1b[K") }

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
