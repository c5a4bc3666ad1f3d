package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// event is one line of go test -json (see go doc test2json).
type event struct {
	Action      string
	Package     string
	ImportPath  string // of a build that failed
	Test        string
	Output      string
	FailedBuild string
}

// name is a test within its package.
type name struct{ pkg, test string }

// report collects the events of one or more go test runs.
type report struct {
	w       io.Writer
	output  map[name][]string // of tests that are still running
	passed  int
	failed  []name
	skipped map[string][]name // by reason
	bare    []string          // packages without a test
}

func newReport(w io.Writer) *report {
	return &report{w: w, output: map[name][]string{}, skipped: map[string][]name{}}
}

// read takes the events of one go test run. What is not an event is written
// as it is.
func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		switch {
		case len(line) == 0:
		case json.Unmarshal(line, &e) == nil:
			r.take(e)
		default:
			_, _ = r.w.Write(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read go test: %w", err)
		}
	}
}

func (r *report) take(e event) {
	n := name{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		_, _ = io.WriteString(r.w, e.Output)
	case "output":
		if e.Test != "" {
			r.output[n] = append(r.output[n], e.Output)
			return
		}
		if closing(e.Output) {
			_, _ = io.WriteString(r.w, e.Output)
			return
		}
		r.output[n] = append(r.output[n], e.Output)
	case "pass":
		if e.Test != "" {
			r.passed++
		}
		delete(r.output, n)
	case "skip":
		if e.Test == "" {
			r.bare = append(r.bare, e.Package)
		} else {
			why := reason(r.output[n])
			r.skipped[why] = append(r.skipped[why], n)
		}
		delete(r.output, n)
	case "fail":
		r.failed = append(r.failed, n)
		for _, line := range r.output[n] {
			_, _ = io.WriteString(r.w, line)
		}
		delete(r.output, n)
	}
}

// closing reports whether a package's line of output is the one that go test
// ends it with.
func closing(line string) bool {
	return strings.HasPrefix(line, "ok  \t") || strings.HasPrefix(line, "FAIL\t") || strings.HasPrefix(line, "?   \t")
}

// place is where a test says something: "    file_test.go:12: ".
var place = regexp.MustCompile(`^\s+\S+\.go:\d+: `)

// reason is the last thing that a skipped test said.
func reason(output []string) string {
	text := ""
	for _, line := range output {
		switch {
		case strings.HasPrefix(strings.TrimSpace(line), "=== "), strings.HasPrefix(strings.TrimSpace(line), "--- "):
		case place.MatchString(line):
			text = strings.TrimSpace(place.ReplaceAllString(line, ""))
		default:
			text += " " + strings.TrimSpace(line)
		}
	}
	if text = strings.TrimSpace(text); text != "" {
		return text
	}
	return "it gave no reason"
}

// summarize writes what was skipped, what failed, and the count.
func (r *report) summarize() {
	skipped := 0
	for _, names := range r.skipped {
		skipped += len(names)
	}
	if skipped > 0 {
		_, _ = fmt.Fprintf(r.w, "\n======== SKIPPED: %d tests did not run ========\n", skipped)
		for _, why := range slices.Sorted(maps.Keys(r.skipped)) {
			_, _ = fmt.Fprintf(r.w, "%4d × %s\n", len(r.skipped[why]), why)
			for _, n := range r.skipped[why] {
				_, _ = fmt.Fprintf(r.w, "       %s %s\n", n.pkg, n.test)
			}
		}
	}
	failed := 0
	blamed := map[string]bool{} // packages with a test that failed
	for _, n := range r.failed {
		if n.test != "" {
			failed++
			blamed[n.pkg] = true
		}
	}
	if len(r.failed) > 0 {
		_, _ = fmt.Fprintf(r.w, "\n======== FAILED ========\n")
	}
	for _, n := range r.failed {
		switch {
		case n.test != "":
			_, _ = fmt.Fprintf(r.w, "       %s %s\n", n.pkg, n.test)
		case !blamed[n.pkg]:
			_, _ = fmt.Fprintf(r.w, "       %s (the package: it did not build, panicked or ran out of time)\n", n.pkg)
		}
	}
	_, _ = fmt.Fprintf(r.w, "\nTotal: %d passed, %d failed, %d skipped\n", r.passed, failed, skipped)
}
