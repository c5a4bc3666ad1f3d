// Command mutate changes a package's code one place at a time and reports the
// changes that no test of the package notices.
//
//	mutate [-every n [-from i]] [-only regexp] [-timeout d] package-folder [test flags]
//
// It is a gauge of the tests, run by hand: a change that survives is either
// one that makes no difference or a test that is missing.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

func main() {
	every := flag.Int("every", 1, "try each n-th change only")
	from := flag.Int("from", 0, "of every n changes, try the one at this place: 0 to n-1")
	only := flag.String("only", "", "try only changes whose line in the report this `regexp` matches")
	timeout := flag.Duration("timeout", time.Minute, "a test that takes longer has noticed")
	flag.Parse()
	if flag.NArg() == 0 || *every < 1 || *from < 0 || *from >= *every {
		fmt.Fprintln(os.Stderr, "usage: mutate [flags] package-folder [test flags]")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), flag.Args()[1:], *every, *from, *only, *timeout); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(dir string, flags []string, every, from int, only string, timeout time.Duration) error {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	t := tester{dir: dir, scratch: scratch, flags: flags, timeout: timeout}
	if out := t.try("", nil); out != survived {
		return errors.New("the tests fail without any change")
	}
	n, tally := 0, map[outcome]int{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		fset := token.NewFileSet()
		tree, err := parser.ParseFile(fset, file, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		for _, c := range changes(tree) {
			n++
			name := fmt.Sprintf("%s:%d: %s", filepath.Base(file), fset.Position(c.at).Line, c.what)
			if n%every != from || !wanted.MatchString(name) {
				continue
			}
			c.do()
			var text bytes.Buffer
			err := format.Node(&text, fset, tree)
			c.undo()
			if err != nil {
				return err
			}
			got := t.try(file, text.Bytes())
			tally[got]++
			if got == survived {
				fmt.Println("survived:", name)
			}
		}
	}
	tried := tally[noticed] + tally[survived]
	fmt.Printf("%d of %d changes tried, %d did not compile; %d of %d noticed: %.1f %%\n",
		tried+tally[broken], n, tally[broken], tally[noticed], tried, 100*float64(tally[noticed])/float64(max(1, tried)))
	return nil
}

type outcome int

const (
	survived outcome = iota
	noticed
	broken // does not compile
)

// tester runs the package's tests on a changed file, which stays where it is.
type tester struct {
	dir, scratch string
	flags        []string
	timeout      time.Duration
}

func (t tester) try(file string, text []byte) outcome {
	args := []string{"test", "-vet=off", "-failfast", "-timeout=" + t.timeout.String()}
	if file != "" {
		changed, overlay := filepath.Join(t.scratch, "changed.go"), filepath.Join(t.scratch, "overlay.json")
		list, err := json.Marshal(map[string]map[string]string{"Replace": {file: changed}})
		if err := errors.Join(err, os.WriteFile(changed, text, 0o600), os.WriteFile(overlay, list, 0o600)); err != nil {
			panic(err)
		}
		args = append(args, "-overlay="+overlay)
	}
	cmd := exec.Command("go", append(append(args, "."), t.flags...)...)
	cmd.Dir = t.dir
	out, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		return survived
	case bytes.Contains(out, []byte("[build failed]")):
		return broken
	}
	return noticed
}

// change is one that can be made in a tree and taken back.
type change struct {
	at       token.Pos
	what     string
	do, undo func()
}

// swaps are operators and what stands in for them.
var swaps = map[token.Token][]token.Token{
	token.ADD: {token.SUB}, token.SUB: {token.ADD}, token.MUL: {token.QUO}, token.QUO: {token.MUL},
	token.ADD_ASSIGN: {token.SUB_ASSIGN}, token.SUB_ASSIGN: {token.ADD_ASSIGN},
	token.LSS: {token.LEQ, token.GEQ}, token.LEQ: {token.LSS, token.GTR}, token.GTR: {token.GEQ, token.LEQ}, token.GEQ: {token.GTR, token.LSS},
	token.EQL: {token.NEQ}, token.NEQ: {token.EQL}, token.LAND: {token.LOR}, token.LOR: {token.LAND},
	token.AND: {token.OR}, token.OR: {token.AND}, token.AND_NOT: {token.AND},
	token.OR_ASSIGN: {token.AND_ASSIGN}, token.INC: {token.DEC}, token.DEC: {token.INC},
	token.BREAK: {token.CONTINUE}, token.CONTINUE: {token.BREAK},
}

func changes(tree *ast.File) []change {
	var all []change
	swap := func(at token.Pos, op *token.Token) {
		was := *op
		for _, other := range swaps[was] {
			all = append(all, change{at, fmt.Sprintf("%s becomes %s", was, other), func() { *op = other }, func() { *op = was }})
		}
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			swap(n.OpPos, &n.Op)
		case *ast.AssignStmt:
			swap(n.TokPos, &n.Tok)
		case *ast.IncDecStmt:
			swap(n.TokPos, &n.Tok)
		case *ast.BranchStmt:
			if n.Label == nil {
				swap(n.Pos(), &n.Tok)
			}
		case *ast.Ident:
			if was := n.Name; was == "true" || was == "false" {
				other := map[string]string{"true": "false", "false": "true"}[was]
				all = append(all, change{n.Pos(), was + " becomes " + other, func() { n.Name = other }, func() { n.Name = was }})
			}
		case *ast.BlockStmt:
			all = append(all, without(n.List)...)
		case *ast.CaseClause:
			all = append(all, without(n.Body)...)
		}
		return true
	})
	return all
}

// without are the changes that leave out a statement which declares nothing.
func without(list []ast.Stmt) []change {
	var all []change
	for i, s := range list {
		switch s := s.(type) {
		case *ast.AssignStmt:
			if s.Tok == token.DEFINE {
				continue
			}
		case *ast.ExprStmt, *ast.IfStmt, *ast.IncDecStmt, *ast.BranchStmt:
		default:
			continue
		}
		all = append(all, change{s.Pos(), "statement left out", func() { list[i] = &ast.EmptyStmt{Semicolon: s.Pos()} }, func() { list[i] = s }})
	}
	return all
}
