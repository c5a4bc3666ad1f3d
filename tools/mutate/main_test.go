package main

import (
	"bytes"
	"go/format"
	"go/parser"
	"go/token"
	"testing"
)

const example = `package p

func f(a, b int) (n int) {
	for i := range a {
		if i == b && true {
			break
		}
		n += i
		g()
	}
	switch {
	case a < b:
		n++
	}
	return n &^ 1
}
`

func TestChangesAreMadeAndTakenBack(t *testing.T) {
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, "p.go", example, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := func() string {
		var b bytes.Buffer
		if err := format.Node(&b, fset, tree); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	whole, seen := text(), map[string]bool{}
	for _, c := range changes(tree) {
		c.do()
		changed := text()
		c.undo()
		if changed == whole || seen[changed] {
			t.Errorf("%s at %s changes nothing new", c.what, fset.Position(c.at))
		}
		seen[changed] = true
		if got := text(); got != whole {
			t.Fatalf("%s was not taken back:\n%s", c.what, got)
		}
	}
	// ==, &&, true, break, +=, two of <, ++, &^; and five statements left out.
	if len(seen) != 14 {
		t.Errorf("%d changes", len(seen))
	}
}
