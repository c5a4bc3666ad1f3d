package cypher

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/neo4j-browser.md anew")

const (
	browserPage   = "../docs/neo4j-browser.md"
	questionsFrom = "<!-- questions: written from cypher/browser by go test ./cypher -update -->\n"
	questionsTo   = "<!-- end of questions -->\n"
)

// TestBrowserPage: what the manual shows is what the files say.
func TestBrowserPage(t *testing.T) {
	content, err := os.ReadFile(browserPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(content), questionsFrom)
	shown, after, ended := strings.Cut(rest, questionsTo)
	if !found || !ended {
		t.Fatalf("%s does not have the lines %s and %s", browserPage, questionsFrom, questionsTo)
	}
	var want strings.Builder
	for _, s := range Browser() {
		writeQuestion(&want, s)
	}
	if *update {
		if err := os.WriteFile(browserPage, []byte(before+questionsFrom+want.String()+questionsTo+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want.String(), shown); diff != "" {
		t.Errorf("%s differs from cypher/browser; run with -update (-want +got):\n%s", browserPage, diff)
	}
}

func writeQuestion(b *strings.Builder, s Statement) {
	parameters := make([]string, len(s.Parameters))
	for i, name := range s.Parameters {
		parameters[i] = fmt.Sprintf("%s: '%s'", name, s.Examples[name])
	}
	fmt.Fprintf(b, "\n### %s\n\n%s Returns %s. ([%s](../cypher/%s))\n\n", s.Question, s.Purpose, s.Returns, s.File, s.File)
	fmt.Fprintf(b, "```\n:params {%s}\n```\n\n```cypher\n%s\n```\n\n", strings.Join(parameters, ", "), s.Text)
}

// TestBrowserQuestions: a person knows what each is called, and what to put in.
func TestBrowserQuestions(t *testing.T) {
	questions := Browser()
	if len(questions) < 10 {
		t.Errorf("%d questions, want ten or more", len(questions))
	}
	for _, s := range questions {
		if !strings.HasSuffix(s.Question, "?") {
			t.Errorf("%s: the first line, the name that Browser saves it under, is no question: %q", s.File, s.Question)
		}
		for _, name := range s.Parameters {
			if s.Examples[name] == "" {
				t.Errorf("%s: say of $%s what it is, such as 'an example'", s.File, name)
			}
		}
		if slices.ContainsFunc([]string{"CREATE", "MERGE", "SET ", "DELETE", "REMOVE"}, func(w string) bool { return strings.Contains(s.Text, w) }) {
			t.Errorf("%s writes", s.File)
		}
	}
}
