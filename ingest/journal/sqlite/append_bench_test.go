package sqlite_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"wellspring/ingest"
	"wellspring/ingest/journal/journaltest"
	"wellspring/ingest/journal/sqlite"
)

const (
	appenders = 64       // writers at one time
	bareRoom  = 64 << 20 // bytes of the bare log
)

// BenchmarkAppend measures acknowledged appends of many writers at once, and beside
// them, in the same run, a bare group commit: the same bytes written to one file
// by whoever comes first, one sync for all who wait. journal-% is the journal's share of its rate.
// One file grows, as a new log does; the other has its room, as a log that is used again.
func BenchmarkAppend(b *testing.B) {
	var acknowledged float64
	b.Run("journal", func(b *testing.B) {
		log, err := sqlite.Open(b.TempDir(), sqlite.Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer log.Close()
		like := journaltest.Envelope("run", "0", "0")
		var n atomic.Int64
		together(b, func() error {
			e := like // made by the door: only its id is new here
			e.Event.Context = like.Event.Context.Clone()
			e.Event.SetID(strconv.FormatInt(n.Add(1), 10))
			_, err := log.Append(b.Context(), e)
			return err
		})
		acknowledged = float64(b.N) / b.Elapsed().Seconds()
		b.ReportMetric(acknowledged, "appends/s")
	})
	for name, room := range map[string]int64{"bare": 0, "bare-with-room": bareRoom} {
		b.Run(name, func(b *testing.B) {
			file, err := os.Create(filepath.Join(b.TempDir(), "log"))
			if err != nil {
				b.Fatal(err)
			}
			defer file.Close()
			if _, err := file.Write(make([]byte, room)); err != nil {
				b.Fatal(err)
			}
			g := &groupCommit{file: file, room: room}
			encoded, err := ingest.Encode(journaltest.Envelope("run", "1", "1"))
			if err != nil {
				b.Fatal(err)
			}
			together(b, func() error { return g.append(encoded) })
			bare := float64(b.N) / b.Elapsed().Seconds()
			b.ReportMetric(bare, "appends/s")
			if acknowledged > 0 {
				b.ReportMetric(100*acknowledged/bare, "journal-%")
			}
		})
	}
}

// together does f b.N times, by many at once.
func together(b *testing.B, f func() error) {
	var left atomic.Int64
	left.Store(int64(b.N))
	var wait sync.WaitGroup
	b.ResetTimer()
	for range appenders {
		wait.Go(func() {
			for left.Add(-1) >= 0 {
				if err := f(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	b.StopTimer()
}

// groupCommit is the least that makes records durable: who comes while a sync is
// under way shares the next.
type groupCommit struct {
	file    *os.File
	mu      sync.Mutex
	waiting [][]byte
	told    []chan error
	busy    bool
	at      int64
	room    int64 // of the file, which is written over and over; 0: it grows
}

func (g *groupCommit) append(record []byte) error {
	done := make(chan error, 1)
	g.mu.Lock()
	g.waiting, g.told = append(g.waiting, record), append(g.told, done)
	leads := !g.busy
	g.busy = true
	g.mu.Unlock()
	for leads {
		runtime.Gosched() // those whom the last sync woke are about to come back
		g.mu.Lock()
		batch, told := g.waiting, g.told
		g.waiting, g.told = nil, nil
		if g.busy = len(batch) > 0; !g.busy {
			g.mu.Unlock()
			break
		}
		g.mu.Unlock()
		var bytes []byte
		for _, r := range batch {
			bytes = append(bytes, r...)
		}
		if g.room > 0 && g.at+int64(len(bytes)) > g.room {
			g.at = 0
		}
		_, err := g.file.WriteAt(bytes, g.at)
		g.at += int64(len(bytes))
		if err == nil {
			err = syscall.Fdatasync(int(g.file.Fd()))
		}
		for _, t := range told {
			t <- err
		}
	}
	return <-done
}
