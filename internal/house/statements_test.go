package house

import (
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// statement matches a text that is one, or the beginning or middle of one.
var statement = regexp.MustCompile(`(?s)\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE|CREATE INDEX|DROP|ALTER TABLE|PRAGMA|ATTACH|VACUUM INTO|UNION ALL|MATCH|MERGE|UNWIND|DETACH DELETE)\b`)

// puttingTogether names the functions that make a statement out of parts which are
// not constants where they stand, and why no value of anybody's is among them.
var puttingTogether = map[string]string{
	"access prepare":                      "the version of the schema, a number",
	"etl/benchindex CopyInto":             "names of tables, from a list in the package",
	"etl/benchindex about":                "the name of a column, run or barcode, by two callers",
	"etl/benchindex read":                 "the name of a column, one of two in the function",
	"etl/statesqlite List":                "conditions that condition makes, of texts of its own with parameters",
	"etl/statesqlite prepare":             "the version of the schema, a number",
	"evidence/ledger prepare":             "the version of the schema, a number",
	"graphstore/sqlite findStatement":     "names of columns and indexes, from lists in the package",
	"graphstore/sqlite step":              "PRAGMA takes no parameters; these are numbers of the package",
	"ingest/journal/sqlite prepareSchema": "the version of the schema, a number",
	"notify openOutbox":                   "the version of the schema, a number",
}

// No statement of SQL or Cypher is put together from values: what people and robots
// say goes in as a parameter. Parts are constants; whatever else is one is named above.
func TestStatementsAreConstants(t *testing.T) {
	all := sources(t)
	constants := map[string]map[string]bool{} // by package
	for _, s := range all {
		if s.test() {
			continue
		}
		if constants[s.pkg()] == nil {
			constants[s.pkg()] = map[string]bool{}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.CONST {
				for _, spec := range d.Specs {
					for _, name := range spec.(*ast.ValueSpec).Names {
						constants[s.pkg()][name.Name] = true
					}
				}
			}
			return true
		})
	}
	seen := map[string]bool{}
	for _, s := range all {
		if s.test() || s.generated() || strings.HasPrefix(s.path, "internal/") {
			continue
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			name := s.pkg() + " " + f.Name.Name
			ast.Inspect(f, func(n ast.Node) bool {
				e, ok := n.(ast.Expr)
				if !ok || !assembled(e, constants[s.pkg()]) {
					return true
				}
				if _, known := puttingTogether[name]; known {
					seen[name] = true
				} else {
					t.Errorf("%s: %s puts a statement together: use parameters, or name it in puttingTogether with a reason", s.line(n), name)
				}
				return false
			})
		}
	}
	for name, why := range puttingTogether {
		if !seen[name] || why == "" {
			t.Errorf("puttingTogether names %q, which puts nothing together or has no reason", name)
		}
	}
}

// assembled reports whether an expression makes a text that holds a statement from
// parts that are not all constants.
func assembled(e ast.Expr, constants map[string]bool) bool {
	var parts []ast.Expr
	switch e := e.(type) {
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return false
		}
		parts = []ast.Expr{e.X, e.Y}
	case *ast.CallExpr:
		f, ok := e.Fun.(*ast.SelectorExpr)
		if !ok || f.Sel.Name != "Sprintf" && f.Sel.Name != "Fprintf" && f.Sel.Name != "Replace" && f.Sel.Name != "ReplaceAll" {
			return false
		}
		parts = e.Args
	default:
		return false
	}
	text, fixed := "", true
	for _, p := range parts {
		ast.Inspect(p, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if n.Kind == token.STRING {
					part, _ := strconv.Unquote(n.Value)
					text += part
				}
			case *ast.Ident:
				fixed = fixed && constants[n.Name]
			}
			return true
		})
	}
	return !fixed && statement.MatchString(text)
}
