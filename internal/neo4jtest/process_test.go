package neo4jtest

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// A process that is killed takes along what it guards, and the home of that.
func TestGuardedEndsWithItsProcess(t *testing.T) {
	if home := os.Getenv("NEO4JTEST_HOME"); home != "" {
		hold(t, home)
	}
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("sh is not installed")
	}
	home := filepath.Join(t.TempDir(), "home")
	if err := os.Mkdir(home, 0o755); err != nil {
		t.Fatal(err)
	}
	holder := exec.Command(os.Args[0], "-test.run=^TestGuardedEndsWithItsProcess$")
	holder.Env = append(os.Environ(), "NEO4JTEST_HOME="+home)
	stdout, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "up\n" {
		t.Fatalf("the holder said %q, %v", line, err)
	}
	guardedPipe, err := os.OpenFile(filepath.Join(home, "pipe"), os.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer guardedPipe.Close()
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	holder.Wait()

	// The guarded command holds the pipe open for writing: its end is our end of file.
	if err := guardedPipe.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if n, err := guardedPipe.Read(make([]byte, 1)); n != 0 || os.IsTimeout(err) {
		t.Fatalf("the guarded command goes on: read %d, %v", n, err)
	}
	deadline, tick := time.After(30*time.Second), time.Tick(100*time.Millisecond)
	for {
		if _, err := os.Stat(home); os.IsNotExist(err) {
			return
		}
		select {
		case <-tick:
		case <-deadline:
			t.Fatal("its home is still there after 30 s")
		}
	}
}

// hold guards a command that holds a named pipe in home open, and waits.
func hold(t *testing.T, home string) {
	pipe := filepath.Join(home, "pipe")
	if out, err := exec.Command("mkfifo", pipe).CombinedOutput(); err != nil {
		t.Fatalf("mkfifo: %v %s", err, out)
	}
	cmd := guarded(home, "sh", "-c", `exec 4>"$1"; exec sleep 3600`, "sh", pipe)
	life, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer life.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	os.Stdout.WriteString("up\n")
	cmd.Wait()
}
