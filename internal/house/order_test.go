package house

import (
	"bytes"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// maxLines is how long a file that a person wrote may be.
const maxLines = 500

func TestEveryPackageHasADocComment(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		documented[s.pkg()] = documented[s.pkg()] || s.file.Doc != nil
	}
	for pkg, ok := range documented {
		if !ok {
			t.Errorf("package %s has no doc comment: say its job, its place on the road of a fact, and one thing that it refuses", pkg)
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	for _, s := range sources(t) {
		if lines := bytes.Count(s.text, []byte("\n")); lines > maxLines && !s.generated() {
			t.Errorf("%s has %d lines, more than %d: give its parts files of their own", s.path, lines, maxLines)
		}
	}
}

// cypher matches what only a Cypher statement says.
var cypher = regexp.MustCompile(`\b(MATCH|MERGE|CREATE)\s*\(|\bUNWIND\s+[$\[]|\bDETACH\s+DELETE\b|\)\s*<?-\s*\[[^\]]*\]\s*->?\s*\(`)

func TestCypherPattern(t *testing.T) {
	for text, want := range map[string]bool{
		"MATCH (n) RETURN n":                           true,
		"MERGE (n:Lot {id: $id})":                      true,
		"UNWIND $rows AS row":                          true,
		"(a)-[:DERIVED_FROM]->(b)":                     true,
		"CREATE TABLE node (id BLOB)":                  false,
		"SELECT 1 FROM node WHERE name MATCH ?":        false,
		"no Neo4j: set WELLSPRING_NEO4J_URI (see doc)": false,
	} {
		if got := cypher.MatchString(text); got != want {
			t.Errorf("%q is Cypher: %v, want %v", text, got, want)
		}
	}
}

// A test may ask a server behind the store's back.
func TestCypherStandsInItsRoom(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() || within(s.pkg(), "cypher") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			if err == nil && cypher.MatchString(text) {
				t.Errorf("%s: Cypher in Go: make it a file in cypher/", s.line(literal))
			}
			return true
		})
	}
}

func TestNothingSleeps(t *testing.T) {
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok || selector.Sel.Name != "Sleep" {
				return true
			}
			if pkg, ok := selector.X.(*ast.Ident); ok && pkg.Name == "time" && !inBubble(s) {
				t.Errorf("%s: time.Sleep: wait for what you wait for", s.line(selector))
			}
			return true
		})
	}
}

// inBubble reports whether a test file runs on synctest's clock, where a sleep
// takes no time and hides no race.
func inBubble(s source) bool {
	for _, spec := range s.file.Imports {
		if s.test() && spec.Path.Value == `"testing/synctest"` {
			return true
		}
	}
	return false
}

// elsewhere matches a path on somebody's machine, or a host that somebody's
// network may not reach.
var elsewhere = regexp.MustCompile(`(^|[^A-Za-z0-9_./-])(/root/|/work/|/tmp/|/home/[a-z]|/Users/[A-Za-z]|[A-Z]:\\Users\\)` +
	`|\b(proxy\.golang|registry\.npmjs|pypi|repo1?\.maven(\.apache)?|deb\.debian)\.(org|com)\b`)

func TestNoFileNamesAMachine(t *testing.T) {
	top := root(t)
	walk(t, func(name string) {
		if strings.HasPrefix(name, "internal/house/") {
			return
		}
		text, err := os.ReadFile(filepath.Join(top, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(text) {
			return
		}
		for n, line := range strings.Split(string(text), "\n") {
			if found := elsewhere.FindString(line); found != "" {
				t.Errorf("%s:%d: a path or host of somebody's machine: %s", name, n+1, strings.TrimSpace(found))
			}
		}
	})
}
