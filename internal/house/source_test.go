package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// module is the product's module path.
const module = "wellspring"

// source is one Go file of the product's module.
type source struct {
	path string // slash-separated, from the root
	text []byte
	file *ast.File
	fset *token.FileSet
}

// pkg is the import path below the module: "" for the root, "ot2".
func (s source) pkg() string {
	if dir := path.Dir(s.path); dir != "." {
		return dir
	}
	return ""
}

func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

func (s source) generated() bool { return ast.IsGenerated(s.file) }

// line is where a node begins, to be named in a message.
func (s source) line(n ast.Node) string { return s.fset.Position(n.Pos()).String() }

// root is the folder of the product's go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// walk calls f for every file that belongs to the repository, by its
// slash-separated path from the root.
func walk(t *testing.T, f func(path string)) {
	t.Helper()
	top := root(t)
	ignored := map[string]bool{"bin": true, "data": true, "dist": true, ".cache": true, ".git": true}
	err := filepath.WalkDir(top, func(full string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(top, full)
		if err != nil {
			return err
		}
		switch {
		case ignored[rel] && d.IsDir():
			return fs.SkipDir
		case d.Type().IsRegular() && rel != ".git":
			f(filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// sources parses every Go file of the product's module, without the modules
// nested in it.
func sources(t *testing.T) []source {
	t.Helper()
	top := root(t)
	var nested []string
	walk(t, func(name string) {
		if path.Base(name) == "go.mod" && name != "go.mod" {
			nested = append(nested, path.Dir(name)+"/")
		}
	})
	var all []source
	walk(t, func(name string) {
		if path.Ext(name) != ".go" || hasAnyPrefix(name, nested) {
			return
		}
		text, err := os.ReadFile(filepath.Join(top, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		s := source{path: name, text: text, fset: token.NewFileSet()}
		if s.file, err = parser.ParseFile(s.fset, name, text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	})
	if len(all) < 10 {
		t.Fatalf("only %d Go files found: is this the right folder?", len(all))
	}
	return all
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}
