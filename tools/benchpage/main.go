// Benchpage turns the output of go test -bench into the tables of a page: the
// figures stand between two markers, and what a person wrote around them stays.
//
// It refuses figures without their circumstances: the tables are headed by the
// machine, the versions, the commit and the number of runs they are the median of.
//
// Usage:
//
//	benchpage -page PAGE -commit COMMIT BENCH_OUTPUT
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// The markers in the page.
const (
	begin = "<!-- figures: written by make bench -->"
	end   = "<!-- end of figures -->"
)

func main() {
	page := flag.String("page", "docs/performance.md", "the page to write the tables into")
	commit := flag.String("commit", "", "the commit that was measured")
	flag.Parse()
	if err := run(*page, *commit, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "benchpage:", err)
		os.Exit(1)
	}
}

func run(page, commit string, inputs []string) error {
	if len(inputs) != 1 {
		return errors.New("name one file with the output of go test -bench")
	}
	input, err := os.Open(inputs[0])
	if err != nil {
		return err
	}
	defer func() { _ = input.Close() }()
	figures, err := read(input, inputs[0])
	if err != nil {
		return err
	}
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	circumstances := fmt.Sprintf("%s, %s, %s, commit %s", figures.machine, load(), runtime.Version(), commit)
	written, err := between(string(text), figures.markdown(circumstances))
	if err != nil {
		return fmt.Errorf("%s: %w", page, err)
	}
	return os.WriteFile(page, []byte(written), 0o644)
}

// load says how busy the machine is, measuring included: figures of a busy one
// are worth less.
func load() string {
	processors := fmt.Sprintf("%d processors", runtime.NumCPU())
	text, err := os.ReadFile("/proc/loadavg")
	if fields := strings.Fields(string(text)); err == nil && len(fields) == 5 {
		return fmt.Sprintf("%s with load averages of %s in the end", processors, strings.Join(fields[:3], ", "))
	}
	return processors
}

// between puts the figures in place of what stands between the markers.
func between(page, figures string) (string, error) {
	before, rest, ok := strings.Cut(page, begin)
	if !ok {
		return "", fmt.Errorf("no marker %s", begin)
	}
	_, after, ok := strings.Cut(rest, end)
	if !ok {
		return "", fmt.Errorf("no marker %s", end)
	}
	return before + begin + "\n\n" + figures + "\n" + end + after, nil
}
