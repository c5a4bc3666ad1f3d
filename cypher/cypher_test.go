package cypher

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	parameterUsed     = regexp.MustCompile(`\$(?:in\.)?([A-Za-z][A-Za-z0-9]*)`)
	parameterAlone    = regexp.MustCompile(`\$([^i(]|i[^n]|in[^.])`)
	parameterDeclared = regexp.MustCompile(`^(\$[A-Za-z][A-Za-z0-9]*(, \$[A-Za-z][A-Za-z0-9]*)*)(: .+)?$`)
	fileName          = regexp.MustCompile(`^[a-z]+/[a-z0-9_]+\.cypher$`)
	literal           = regexp.MustCompile(`'[^']*'`)
	word              = regexp.MustCompile(`\b(KIND|TYPES|ATTRIBUTE|DEPTH)\b`)
)

// TestStatements lints every file: a reader of its header knows what it does,
// what it takes and what comes back.
func TestStatements(t *testing.T) {
	for _, s := range Statements() {
		t.Run(s.File, func(t *testing.T) {
			if !fileName.MatchString(s.File) {
				t.Error("name the file in lower case, with words joined by _")
			}
			checkHeader(t, s)
			checkText(t, s)
		})
	}
}

func checkHeader(t *testing.T, s Statement) {
	t.Helper()
	for name, value := range map[string]string{"Purpose": s.Purpose, "Returns": s.Returns} {
		if value == "" {
			t.Errorf("the header lacks %s", name)
		}
	}
	if !strings.HasSuffix(s.Purpose, ".") {
		t.Error("the purpose is no sentence")
	}
	content, err := files.ReadFile(s.File)
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ := strings.Cut(string(content), s.Text)
	_, parameters, found := strings.Cut(header, "\n// Parameters: ")
	parameters, _, ended := strings.Cut(parameters, "\n// Returns: ")
	if !found || !ended {
		t.Fatal("the header has no Parameters between Purpose and Returns")
	}
	for line := range strings.Lines(parameters) {
		line = strings.TrimSpace(strings.TrimPrefix(line, "//"))
		if line != "none" && !parameterDeclared.MatchString(line) {
			t.Errorf("parameters are declared as $name, $name: what they are; not %q", line)
		}
	}
	// Of what Text does not take as it is, the purpose says what it stands for.
	for _, w := range word.FindAllString(s.Text, -1) {
		if !strings.Contains(s.Purpose, w+" is ") && !strings.Contains(s.Purpose, w+" how ") {
			t.Errorf("the purpose does not say what %s is", w)
		}
	}
}

func checkText(t *testing.T, s Statement) {
	t.Helper()
	var used []string
	for _, found := range parameterUsed.FindAllStringSubmatch(literal.ReplaceAllString(s.Text, "''"), -1) {
		used = append(used, found[1])
	}
	if diff := cmp.Diff(sorted(s.Parameters), sorted(used)); diff != "" {
		t.Errorf("parameters (-declared +used):\n%s", diff)
	}
	if dir := path.Dir(s.File); (dir == "read" || dir == "write") && parameterAlone.MatchString(s.Text) {
		t.Error("parameters are fields of one, $in.name: Neo4j would plan the statement anew for lists and texts of other lengths")
	}
	switch {
	case s.Text == "":
		t.Error("there is no statement")
	case strings.Contains(s.Text, ";"):
		t.Error("one statement a file, without a semicolon")
	case strings.Contains(s.Text, "//"), strings.Contains(s.Text, "/*"):
		t.Error("comments belong into the header")
	case strings.Contains(s.Text, "\t"):
		t.Error("indent with spaces")
	}
	for line := range strings.Lines(s.Text) {
		if line = strings.TrimRight(line, "\n"); strings.TrimRight(line, " ") != line {
			t.Errorf("white space at the end of %q", line)
		}
	}
}

func sorted(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return slices.Compact(names)
}

func TestWithRefusesWhatIsNoPart(t *testing.T) {
	s := Statement{File: "read/x.cypher", Text: "MATCH (n:KIND)"}
	for _, part := range []string{"", "A B", "A)", "A`", "A|", "1a", "A{b:1}", "$a"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q stands in a statement", part)
				}
			}()
			s.With("KIND", part)
		}()
	}
	if got := s.With("KIND", "WellState:Entity").Text; got != "MATCH (n:WellState:Entity)" {
		t.Errorf("got %s", got)
	}
}

// TestStatementsAreRunAsTheyStand looks into every Go file that uses the driver:
// whoever runs a statement gives the Text of one of this package, with nothing
// added to it. (That no Go file words its own is tested in internal/house.)
func TestStatementsAreRunAsTheyStand(t *testing.T) {
	runs := 0
	root := ".."
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "bin" || path != root && strings.HasPrefix(entry.Name(), ".")):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go"):
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		runs += checkRuns(t, path, content)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if runs == 0 {
		t.Error("nothing runs a statement: this test looks in the wrong place")
	}
}

// checkRuns returns how many calls in a file run a statement.
func checkRuns(t *testing.T, path string, content []byte) int {
	t.Helper()
	positions := token.NewFileSet()
	file, err := parser.ParseFile(positions, path, content, 0)
	if err != nil {
		t.Error(err)
		return 0
	}
	usesDriver := slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool {
		return strings.Contains(i.Path.Value, "neo4j-go-driver")
	})
	if !usesDriver {
		return 0
	}
	runs := 0
	ast.Inspect(file, func(n ast.Node) bool {
		call, _ := n.(*ast.CallExpr)
		if query := queryOf(call); query != nil {
			runs++
			if text, ok := query.(*ast.SelectorExpr); !ok || text.Sel.Name != "Text" {
				t.Errorf("%s: runs a statement that is not the Text of a file of cypher/", positions.Position(query.Pos()))
			}
		}
		return true
	})
	return runs
}

// queryOf is the argument of a call that is a query, if the call takes one.
func queryOf(call *ast.CallExpr) ast.Expr {
	if call == nil {
		return nil
	}
	callee, _ := call.Fun.(*ast.SelectorExpr)
	switch {
	case callee == nil:
	case callee.Sel.Name == "Run" && len(call.Args) == 3:
		return call.Args[1] // Run(ctx, query, parameters)
	case callee.Sel.Name == "ExecuteQuery" && len(call.Args) > 2:
		return call.Args[2] // ExecuteQuery(ctx, driver, query, …)
	}
	return nil
}
