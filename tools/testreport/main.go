// Testreport runs the tests of one or more modules with go test -json and says
// what came of them: the closing line of every package as go test prints it,
// the output of what failed, and at the end, loudly, what was skipped and why.
//
// It refuses to be quiet about a skip: a test that did not run is named with
// the reason that it gave.
//
// Usage:
//
//	testreport [-flags "FLAGS"] MODULE_DIR…
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
)

func main() {
	flags := flag.String("flags", "", "further flags for go test, separated by blanks")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, strings.Fields(*flags), flag.Args(), os.Stdout); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(1)
	}
}

// run tests each module and writes the report. It returns an error when a test
// failed or go test did not get as far as running it.
func run(ctx context.Context, flags, modules []string, w io.Writer) error {
	if len(modules) == 0 {
		return errors.New("name at least one module folder")
	}
	report := newReport(w)
	var failures []error
	for _, module := range modules {
		if err := test(ctx, report, flags, module); err != nil {
			failures = append(failures, fmt.Errorf("go test in %s: %w", module, err))
		}
	}
	report.summarize()
	return errors.Join(failures...)
}

func test(ctx context.Context, report *report, flags []string, module string) error {
	args := append([]string{"test", "-json"}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, "./...")...)
	cmd.Dir = module
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	readErr := report.read(out)
	return errors.Join(readErr, cmd.Wait())
}
