package neo4j_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"wellspring/lineage"
)

// rule is one rule of a GRASS file: what it styles, and how.
var rule = regexp.MustCompile(`(?s)^\s*(node|relationship)(?:\.([A-Za-z_]+))? \{((?:\s*[a-z-]+: [^;{}]+(?:"[^"]*")?;)+)\s*\}`)

// placeholder is a property in a caption.
var placeholder = regexp.MustCompile(`\{([A-Za-z]+)\}`)

// TestStyle: Browser's style knows every kind, and nothing that is none.
func TestStyle(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "deploy", "neo4j", "wellspring.grass"))
	if err != nil {
		t.Fatal(err)
	}
	// Typed into Browser's editor, a rule over several lines gets its bracket closed
	// twice, and the rule without a name that this leaves stops Browser (5.24.0).
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line != "" && !rule.MatchString(placeholder.ReplaceAllString(line, "$1")) {
			t.Errorf("this is not one rule, whole, on one line: %s", line)
		}
	}
	styled := map[string]bool{}
	rest := placeholder.ReplaceAllString(string(content), "$1")
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		found := rule.FindStringSubmatch(rest)
		if found == nil {
			t.Fatalf("no rule of a style: %.60s", rest)
		}
		rest = rest[len(found[0]):]
		checkRule(t, found[1], found[2])
		if found[2] != "" && !strings.Contains(found[3], "caption: ") {
			t.Errorf("%s.%s has no caption: Browser would choose a property", found[1], found[2])
		}
		styled[found[2]] = true
	}
	for _, kind := range lineage.Kinds() {
		if !styled[string(kind)] {
			t.Errorf("%s has no style", kind)
		}
	}
}

func checkRule(t *testing.T, what, name string) {
	t.Helper()
	switch {
	case name == "", name == "Retracted", name == "Revision", name == "RETRACTED":
	case what == "node" && lineage.Kind(name).Class() == "":
		t.Errorf("%s is no kind", name)
	case what == "relationship" && !lineage.RelationshipType(name).Valid():
		t.Errorf("%s is no relationship type", name)
	}
}
