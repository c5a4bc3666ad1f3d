package faults

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wellspring/internal/testdata"
)

// lossy is a file system that forgets what was not synced, gets full, or fails,
// when it is told to.
type lossy struct {
	t      testing.TB
	mount  string
	say    io.Writer
	answer *bufio.Scanner
}

// mountLossy mounts one, or skips the test.
func mountLossy(t testing.TB, flags ...string) *lossy {
	t.Helper()
	source := testdata.Shared(t, "tools/lossyfs")
	if os.Getuid() != 0 {
		t.Skip("lossyfs needs root")
	}
	if _, err := os.Stat("/dev/fuse"); err != nil {
		t.Skip("lossyfs needs /dev/fuse")
	}
	program := filepath.Join(t.TempDir(), "lossyfs")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	build.Dir = source
	if out, err := build.CombinedOutput(); err != nil {
		t.Skipf("lossyfs can't be built: %v\n%s", err, out)
	}
	l := &lossy{t: t, mount: filepath.Join(t.TempDir(), "mount")}
	cmd := exec.Command(program, append([]string{"-mnt", l.mount}, flags...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // it unmounts and ends
		_ = cmd.Wait()
		_ = syscall.Unmount(l.mount, syscall.MNT_DETACH) // where it could not, because something was open
	})
	l.say, l.answer = in, bufio.NewScanner(out)
	if !l.answer.Scan() || l.answer.Text() != "ready" {
		t.Skip("lossyfs can't be mounted here")
	}
	return l
}

func (l *lossy) tell(command string) string {
	l.t.Helper()
	if _, err := fmt.Fprintln(l.say, command); err != nil {
		l.t.Fatal(err)
	}
	if !l.answer.Scan() || strings.HasPrefix(l.answer.Text(), "error") {
		l.t.Fatalf("%s: %s", command, l.answer.Text())
	}
	return l.answer.Text()
}

// A power cut: what was not synced is gone, or half there. What was acknowledged is not.
func TestPowerCut(t *testing.T) {
	for name, flags := range map[string][]string{
		"strict":       {"-model", "strict"},
		"ext4, torn":   {"-model", "ext4", "-torn"},
		"strict, torn": {"-model", "strict", "-torn"},
	} {
		t.Run(name, func(t *testing.T) {
			n, seed := rounds(t, 3), uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			random := rand.New(rand.NewPCG(seed, 0))
			fs := mountLossy(t, flags...)
			dir := filepath.Join(fs.mount, "data")
			l := startLoad(t, seed)
			for range n {
				s := launch(t, dir)
				if s == nil {
					t.Fatal("the service did not start again")
				}
				l.now.Store(s)
				l.await(1 + random.IntN(10))
				if random.IntN(3) == 0 {
					go func() { _, _, _ = s.post(t.Context(), "/v1/rebuild", http.NoBody) }()
				}
				<-time.After(time.Duration(random.IntN(300)) * time.Millisecond) // the moment is the test
				l.now.Store(nil)
				s.kill()
				fs.tell("cut")
				if t.Failed() {
					break
				}
			}
			l.end()
			verdict(t, dir, l.acknowledged())
		})
	}
}

// A full or failing disk: nothing is acknowledged, the service says so, and goes
// on once the disk does.
func TestDiskFails(t *testing.T) {
	for _, c := range []struct{ name, fail, mend string }{
		{"full", "enospc 20000", "enospc -1"},
		{"sync fails", "eio on", "eio off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rounds(t, 1)
			fs := mountLossy(t)
			dir := filepath.Join(fs.mount, "data")
			l := startLoad(t, 1)
			s := launch(t, dir)
			if s == nil {
				t.Fatal("it did not start")
			}
			l.now.Store(s)
			l.await(10)
			fs.tell(c.fail)
			until(t, "a refusal", func() bool { return l.busy.Load() > 3 })
			stopped := len(l.acknowledged())
			var status int
			var text []byte
			var header http.Header
			until(t, "/readyz to say so", func() bool {
				status, text, header = s.get(t.Context(), "/readyz")
				return status == http.StatusServiceUnavailable
			})
			if header.Get("Retry-After") == "" || !strings.Contains(string(text), "disk") {
				t.Errorf("/readyz: %q, Retry-After %q", text, header.Get("Retry-After"))
			}
			fs.tell(c.mend)
			until(t, "/readyz to be well again", func() bool {
				status, _, _ = s.get(t.Context(), "/readyz")
				return status == http.StatusOK
			})
			l.await(10)
			l.now.Store(nil)
			l.end()
			if err := s.terminate(); err != nil {
				t.Errorf("it ended with: %v", err)
			}
			t.Logf("%d acknowledged when it failed, %d refused", stopped, l.busy.Load())
			verdict(t, dir, l.acknowledged())
		})
	}
}
