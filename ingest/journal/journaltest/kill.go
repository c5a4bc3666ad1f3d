package journaltest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// childEnv tells a copy of the test program to append in a folder until it is killed.
const childEnv = "WELLSPRING_JOURNALTEST_CHILD"

const (
	killRounds  = 12
	killWriters = 8
)

// testKill kills a writing process again and again, at another moment each
// time: what it acknowledged is there, once, in the order of each writer.
func testKill(t *testing.T, engine Engine) {
	if testing.Short() {
		t.Skip("kills processes for some seconds")
	}
	dir := t.TempDir()
	acknowledged := make(map[string]bool)
	for round := range killRounds {
		for _, id := range runAndKill(t, dir, round, 20+round*37) {
			acknowledged[id] = true
		}
	}
	if len(acknowledged) < killRounds*20 {
		t.Fatalf("only %d records were acknowledged: the test proves little", len(acknowledged))
	}
	log := engine.open(t, dir)
	total, _, err := log.Lag(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	stored := make(map[string]bool)
	next := make(map[string]int)
	for _, r := range readAll(t, log, "", int(total), 500) {
		id := r.Envelope.Event.ID()
		if stored[id] {
			t.Errorf("%s is there twice", id)
		}
		stored[id] = true
		writer, number, _ := strings.Cut(id, "#")
		if number != fmt.Sprint(next[writer]) {
			t.Errorf("%s: got number %s, want %d", writer, number, next[writer])
		}
		next[writer]++
	}
	lost := 0
	for id := range acknowledged {
		if !stored[id] {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d acknowledged records are lost", lost, len(acknowledged))
	}
	t.Logf("%d acknowledged, %d stored, %d kills", len(acknowledged), len(stored), killRounds)
}

// runAndKill kills a child after it acknowledged some records, and returns all
// that it acknowledged.
func runAndKill(t *testing.T, dir string, round, after int) []string {
	t.Helper()
	name, _, _ := strings.Cut(t.Name(), "/")
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+name+"$", "-test.timeout=60s")
	child.Env = append(os.Environ(), childEnv+"="+dir, fmt.Sprintf("%s_ROUND=%d", childEnv, round))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var ids []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		id, isAck := strings.CutPrefix(lines.Text(), "ack ")
		if !isAck {
			t.Errorf("child: %s", lines.Text())
			continue
		}
		if ids = append(ids, id); len(ids) == after {
			if err := child.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	_ = child.Wait() // it was killed
	return ids
}

// crashChild is the child's part. It reports whether this process is one.
func crashChild(t *testing.T, engine Engine) bool {
	dir := os.Getenv(childEnv)
	if dir == "" {
		return false
	}
	log, err := engine.Open(dir, time.Now)
	if err != nil {
		fmt.Println(err)
		return true
	}
	round := os.Getenv(childEnv + "_ROUND")
	group, ctx := errgroup.WithContext(t.Context())
	for w := range killWriters {
		group.Go(func() error {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s.%d#%d", round, w, i)
				if _, err := log.Append(ctx, Envelope(fmt.Sprint(w), id, id)); err != nil {
					return err
				}
				// One write a line: a line that is there was there in full.
				if _, err := os.Stdout.WriteString("ack " + id + "\n"); err != nil {
					return err
				}
			}
		})
	}
	fmt.Println(group.Wait())
	return true
}
