package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"wellspring/internal/testruns"
)

// command is the program as TestMain makes it: on a data folder of its own.
func command(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Args[0] = "wellspring"
	cmd.Env = []string{"HOME=" + dir, "WELLSPRING_DATA_DIR=" + filepath.Join(dir, "data")}
	return cmd
}

// An import of many that is killed, again and again, goes on where it was:
// nothing that it said was taken is lost, and nothing is there twice.
func TestImportIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("imports many documents")
	}
	const runs, kills = 120, 2
	dir := t.TempDir()
	for i := range runs {
		run := testruns.New(testruns.Normalize, fmt.Sprintf("run-%03d", i), 40)
		must(t, os.MkdirAll(filepath.Join(dir, "runs", fmt.Sprint(i%7)), 0o700))
		must(t, os.WriteFile(filepath.Join(dir, "runs", fmt.Sprint(i%7), run.ID+".json"), run.Document(), 0o600))
	}
	must(t, os.WriteFile(filepath.Join(dir, "runs", "0", "cut.json"), []byte(`{"id": "cut", "comm`), 0o600))

	told := map[string]bool{}
	for kill := range kills {
		cmd := command(t, dir, "import", filepath.Join(dir, "runs"))
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		lines := bufio.NewScanner(out)
		for fresh := 0; fresh < runs/(kills+2) && lines.Scan(); {
			outcome, name, _ := strings.Cut(lines.Text(), "  ")
			switch outcome {
			case outcomeProcessed, outcomeAccepted:
				fresh++
				told[strings.Fields(name)[0]] = true
			}
		}
		must(t, cmd.Process.Kill())
		if err := cmd.Wait(); err == nil {
			t.Fatalf("kill %d came too late: %d were taken", kill, len(told))
		}
	}
	if len(told) == 0 || len(told) == runs {
		t.Fatalf("%d of %d were taken before the last kill: the test proves nothing", len(told), runs)
	}

	cmd := command(t, dir, "import", filepath.Join(dir, "runs"), "--output", "json")
	text, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 2 {
		t.Fatalf("it ended with %v, want exit code 2 for the document that was cut: %s", err, text)
	}
	var all []imported
	must(t, json.Unmarshal(text, &all))
	counts := map[string]int{}
	for _, i := range all {
		counts[i.Outcome]++
		if told[i.Name] && i.Outcome != outcomeDuplicate {
			t.Errorf("%s was taken before a kill, and is %s now", i.Name, i.Outcome)
		}
	}
	if counts[outcomeRefused] != 1 || counts[outcomeDuplicate]+counts[outcomeProcessed] != runs {
		t.Errorf("outcomes: %v", counts)
	}
	t.Logf("%d were told before the kills; then %v", len(told), counts)

	text, err = command(t, dir, "fsck", "--output", "json").Output()
	if err != nil {
		t.Errorf("fsck: %v: %s", err, text)
	}
	var report struct{ Records, Owners int }
	must(t, json.NewDecoder(bytes.NewReader(text)).Decode(&report))
	if report.Records != runs || report.Owners != runs {
		t.Errorf("%d records of %d owners in the journal, want %d once each", report.Records, report.Owners, runs)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
