// Package cypher holds every Cypher statement of Wellspring, one a file, as
// data: what is asked of Neo4j can be read, reviewed, linted and explained
// without reading Go.
//
// On the road of a fact it is the wording of the last step and of the answers.
//
// It refuses to build statements from values: those are parameters. What Cypher
// can't take as a parameter, a label or a depth, comes from closed sets: see
// Statement.With.
package cypher

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

//go:embed */*.cypher
var files embed.FS

// A Statement is one file.
type Statement struct {
	File       string // read/nodes.cypher
	Question   string // what a person asks by it; of the folder browser
	Purpose    string
	Parameters []string          // names, without the dollar and without the $in. that statements of the product have
	Examples   map[string]string // of parameters, where the header gives one
	Returns    string
	Scans      string // why it may look at every node; empty: it may not
	Text       string // without the header
}

var all = parse()

func parse() map[string]Statement {
	statements := map[string]Statement{}
	names, err := fs.Glob(files, "*/*.cypher")
	if err != nil {
		panic(err) // the pattern is constant
	}
	for _, name := range names {
		content, err := files.ReadFile(name)
		if err != nil {
			panic(err) // it is embedded
		}
		statements[name] = parseStatement(name, string(content))
	}
	return statements
}

// parseStatement takes the header of comment lines apart from the statement.
func parseStatement(file, content string) Statement {
	s := Statement{File: file, Examples: map[string]string{}}
	var field *string
	var parameters string
	rest := content
	for strings.HasPrefix(rest, "//") {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		line = strings.TrimSpace(strings.TrimPrefix(line, "//"))
		name, value, found := strings.Cut(line, ": ")
		switch {
		case found && name == "Purpose":
			field = &s.Purpose
		case found && name == "Parameters":
			field = &parameters
		case found && name == "Returns":
			field = &s.Returns
		case found && name == "Scans":
			field = &s.Scans
		case field != nil: // a line that goes on
			*field += " " + line
			continue
		default:
			s.Question = line
			continue
		}
		*field = value
	}
	s.Text = strings.TrimSpace(rest)
	for _, p := range regexp.MustCompile(`\$([A-Za-z]+)(?:: [^$]*such as '([^']*)')?`).FindAllStringSubmatch(parameters, -1) {
		s.Parameters = append(s.Parameters, p[1])
		if p[2] != "" {
			s.Examples[p[1]] = p[2]
		}
	}
	return s
}

var part = regexp.MustCompile(`^([A-Za-z_]+([:|][A-Za-z_]+)*|[0-9]+)$`)

// With puts a part into the statement that Cypher can't take as a parameter,
// where one of the words KIND, TYPES, ATTRIBUTE or DEPTH stands for it. It
// panics unless the part is names joined by : or |, or a number: parts come from closed
// sets in the code, never from a user.
func (s Statement) With(word, value string) Statement {
	if !part.MatchString(value) {
		panic(fmt.Sprintf("%s: %q can't stand for %s", s.File, value, word))
	}
	s.Text = strings.ReplaceAll(s.Text, word, value)
	return s
}

// Explained is the statement that asks for this one's plan, without running it.
func (s Statement) Explained() Statement {
	s.Text = "EXPLAIN " + s.Text
	return s
}

// Uses reports whether a word of With stands in the statement.
func (s Statement) Uses(word string) bool { return strings.Contains(s.Text, word) }

// Statements returns every statement, in order of file.
func Statements() []Statement {
	var list []Statement
	for _, s := range all {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Statement) int { return strings.Compare(a.File, b.File) })
	return list
}

// Schema returns the statements that prepare a database, in order. Each can be
// run again.
func Schema() []Statement { return folder("schema") }

// Browser returns the questions that people ask in Neo4j Browser, in order.
// docs/neo4j-browser.md shows them.
func Browser() []Statement { return folder("browser") }

func folder(name string) []Statement {
	return slices.DeleteFunc(Statements(), func(s Statement) bool { return path.Dir(s.File) != name })
}

// Read returns a statement of the folder read. It panics if there is none: the
// name is a constant of the caller.
func Read(name string) Statement { return get("read", name) }

// Write returns a statement of the folder write, as Read does.
func Write(name string) Statement { return get("write", name) }

// Test returns a statement of the folder test, as Read does.
func Test(name string) Statement { return get("test", name) }

func get(folder, name string) Statement {
	s, ok := all[path.Join(folder, name+".cypher")]
	if !ok {
		panic(fmt.Sprintf("there is no statement %s/%s.cypher", folder, name))
	}
	return s
}
