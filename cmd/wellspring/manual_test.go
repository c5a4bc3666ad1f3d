package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// call is a line of a page that calls the program: in code, after settings of
// the environment, or on a line of its own in a block.
var call = regexp.MustCompile("(?m)(?:^(?: {4}|\\$ )?|`|; |&& )(?:[A-Z][A-Z_]*=\\S+ )*(?:bin/)?wellspring((?: [^`|>#\n]*)?)")

// TestTheManualCallsWhatThereIs holds every call of the program in the manual, and
// in the examples of the commands' help, against the commands and their flags.
func TestTheManualCallsWhatThereIs(t *testing.T) {
	texts := map[string]string{}
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) < 10 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	pages = slices.DeleteFunc(pages, func(page string) bool { return filepath.Base(page) == "commands.md" }) // made of the commands
	for _, page := range append(pages, "../../README.md", "../../examples/README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		texts[page] = string(text)
	}
	var each func(*cobra.Command)
	each = func(c *cobra.Command) {
		if c.Runnable() && !c.HasSubCommands() && c.IsAvailableCommand() && c.Example == "" && c.Name() != "help" && c.Parent().Name() != "completion" {
			t.Errorf("%s --help has no example", c.CommandPath())
		}
		texts[c.CommandPath()+" --help"] = regexp.MustCompile(`(?m)^ +`).ReplaceAllString(c.Example, "")
		for _, sub := range c.Commands() {
			each(sub)
		}
	}
	each(newRoot())
	calls := 0
	for place, text := range texts {
		for _, found := range call.FindAllStringSubmatch(text, -1) {
			line := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(found[1]), "&"))
			if strings.Contains(line, "…") {
				continue // it leaves something out
			}
			calls++
			if err := understood(line); err != nil {
				t.Errorf("%s: wellspring %s: %v", place, line, err)
			}
		}
	}
	if calls < 50 {
		t.Errorf("only %d calls were found: is the expression right?", calls)
	}
}

// understood reads a call as far as the program does before it acts.
func understood(line string) error {
	if line == "" {
		return nil
	}
	reader := csv.NewReader(strings.NewReader(strings.ReplaceAll(line, "'", `"`)))
	reader.Comma, reader.LazyQuotes = ' ', true
	words, err := reader.Read()
	if err != nil {
		return err
	}
	var args []string
	for _, w := range words {
		if w != "" {
			args = append(args, w)
		}
	}
	root := newRoot()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	c, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	c.InitDefaultHelpFlag()
	if err := c.ParseFlags(rest); err != nil {
		return err
	}
	if c.Flags().NArg() == 0 { // the page speaks of the command
		return nil
	}
	return c.ValidateArgs(c.Flags().Args())
}
