package neo4j

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"wellspring/cypher"
	"wellspring/internal/neo4jtest"
	"wellspring/lineage"
)

var update = flag.Bool("update", false, "write the golden files anew")

// goldenVersion is the Neo4j whose plans testdata/plans.txt holds. Another one
// may plan otherwise; what no plan may do holds for each.
const goldenVersion = "Neo4j/5.26."

// TestPlans asks the server how it would run every statement of package cypher,
// and keeps the operators. Whatever the golden file says, no statement walks over
// all nodes or over an index, or multiplies rows that have nothing in common, and
// a traversal visits each node once. That holds on an empty graph too: the server keeps a
// plan for a while after the graph has outgrown it.
func TestPlans(t *testing.T) {
	s := openStore(t, neo4jtest.Server(t))
	plans(t, s)
	if _, err := s.Apply(t.Context(), planned(), time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	got, version := plans(t, s)
	for _, statement := range common() {
		explain(t, s, statement)
	}
	if !strings.HasPrefix(version, goldenVersion) {
		t.Skipf("the plans are those of %s, which is not %s: not compared", version, goldenVersion)
	}
	golden := filepath.Join("testdata", "plans.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("plans changed; if they are better, run with -update (-want +got):\n%s", diff)
	}
}

// plans checks the plan of every statement for the graph that there is now and
// lists them.
func plans(t *testing.T, s *Store) (list, version string) {
	t.Helper()
	_, err := s.write(t.Context(), func(tx querier) (any, error) {
		return nil, consume(t.Context(), tx, cypher.Test("replan"), nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, statement := range statements() {
		plan, said := explain(t, s, statement)
		version = said
		operators := operators(plan)
		fmt.Fprintf(&b, "%s\n    %s\n", statement.File, strings.Join(operators, "\n    "))
		checkPlan(t, statement, operators)
	}
	return b.String(), version
}

// prunes is what visits each node once, however many paths lead there.
const prunes = "VarLengthExpand(Pruning,BFS,All)"

// checkPlan refuses what no statement may do, unless its header says why.
func checkPlan(t *testing.T, statement cypher.Statement, operators []string) {
	t.Helper()
	if len(operators) < 2 {
		t.Fatalf("%s: no plan", statement.File)
	}
	traverses := false
	for _, o := range operators {
		name := nameOf(o)
		traverses = traverses || name == prunes
		multiplies := name == "CartesianProduct"
		scans := strings.Contains(name, "Scan") // of all nodes, a label, a type, an index
		if statement.Scans == "" && (scans || multiplies) {
			t.Errorf("%s: %s", statement.File, name)
		}
		if strings.HasPrefix(name, "VarLengthExpand") && name != prunes && statement.Scans == "" {
			t.Errorf("%s: %s follows paths, of which there can be 2^40", statement.File, name)
		}
	}
	if strings.Contains(statement.Text, "*0..") && !traverses && statement.Scans == "" {
		t.Errorf("%s: no %s", statement.File, prunes)
	}
}

// planned is some of everything that statements look for.
func planned() lineage.Projection {
	p := lineage.Projection{Owner: "run:planned"}
	add := func(kind lineage.Kind, i int) lineage.ID {
		n := lineage.Node{ID: lineage.NewID(kind, fmt.Sprint(i)), Kind: kind, Name: fmt.Sprintf("%s %d", kind, i)}
		n.Attributes = lineage.Attributes{
			lineage.AttrRun: fmt.Sprint("run ", i/100), lineage.AttrLabware: fmt.Sprint("plate ", i/10),
			lineage.AttrWell: fmt.Sprint("A", i%12), lineage.AttrBarcode: fmt.Sprint("B-", i),
		}
		p.Nodes = append(p.Nodes, n)
		return n.ID
	}
	for i := range 500 {
		for _, kind := range lineage.Kinds() {
			add(kind, i)
		}
	}
	for i := 1; i < 500; i++ {
		for _, typ := range lineage.RelationshipTypes() {
			p.Edges = append(p.Edges, lineage.Edge{
				SourceID: lineage.NewID(lineage.KindWellState, fmt.Sprint(i/2)), TargetID: lineage.NewID(lineage.KindWellState, fmt.Sprint(i)),
				RelationshipType: typ,
			})
		}
	}
	return p
}

// statements is every statement as the store runs it.
func statements() []cypher.Statement {
	var all []cypher.Statement
	for _, s := range cypher.Statements() {
		switch path.Dir(s.File) {
		case "read", "write", "test", "browser":
		default:
			continue // what makes the schema reads nothing
		}
		if s.Uses("KIND") {
			kind := string(lineage.KindWellState)
			if path.Dir(s.File) != "read" {
				kind = labels(lineage.KindWellState)
			}
			s = s.With("KIND", kind)
		}
		s = s.With("TYPES", typesOf(s.File)).With("DEPTH", fmt.Sprint(lineage.DefaultDepth))
		if !s.Uses("ATTRIBUTE") {
			all = append(all, s)
			continue
		}
		for _, attribute := range indexed {
			with := s.With("ATTRIBUTE", attribute)
			with.File += " (" + attribute + ")"
			all = append(all, with)
		}
	}
	return all
}

// typesOf is what a statement gets for TYPES.
func typesOf(file string) string {
	switch name := path.Base(file); {
	case strings.HasPrefix(name, "traverse_"), strings.HasPrefix(name, "expand"), strings.HasPrefix(name, "hop_"):
		return typesPattern(lineage.QuantitativeTypes())
	case name == "history_edges.cypher", name == "edges_as_of.cypher":
		return everyType()
	case name == "edges_contested.cypher", name == "bare_edges.cypher", path.Dir(file) == "write" && strings.HasPrefix(name, "edges_"):
		return string(lineage.DerivedFrom)
	}
	return allTypes()
}

// operators lists a plan from its result down to what it starts from, each
// operator after the bars that stand for its depth.
//
// It reads the server's drawing of the plan: of several children of an operator
// the driver (5.28) gives the last one, several times.
func operators(plan driver.Plan) []string {
	drawing, _ := plan.Arguments()["string-representation"].(string)
	var list []string
	width := 0
	for line := range strings.Lines(drawing) {
		if strings.HasPrefix(line, "| Operator ") {
			width = strings.Index(line, "| Id ")
		}
		if width == 0 || len(line) < width {
			continue
		}
		bars, name, isOperator := strings.Cut(line[2:width], "+")
		name = strings.TrimSpace(name)
		if isOperator && strings.Trim(bars, "| ") == "" && name != "CacheProperties" { // which the planner puts here or there
			list = append(list, bars+name)
		}
	}
	return list
}

// nameOf is an operator without its bars.
func nameOf(operator string) string { return strings.TrimLeft(operator, "| ") }

// explain returns a statement's plan and the server's version. It fails where
// the server warns of more than that parameters are missing.
func explain(t *testing.T, s *Store, statement cypher.Statement) (driver.Plan, string) {
	t.Helper()
	session := s.session(t.Context(), driver.AccessModeWrite, s.bookmarks)
	defer func() {
		if err := session.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	result, err := session.Run(t.Context(), statement.Explained().Text, nil)
	if err != nil {
		t.Fatalf("%s: %v", statement.File, err)
	}
	summary, err := result.Consume(t.Context())
	if err != nil {
		t.Fatalf("%s: %v", statement.File, err)
	}
	for _, n := range summary.Notifications() {
		switch n.Code() {
		case "Neo.ClientNotification.Statement.ParameterNotProvided",
			"Neo.ClientNotification.Statement.UnknownLabelWarning", // of nothing in this graph
			"Neo.ClientNotification.Statement.UnknownRelationshipTypeWarning",
			"Neo.ClientNotification.Statement.UnknownPropertyKeyWarning":
		default:
			t.Errorf("%s: %s: %s", statement.File, n.Code(), n.Description())
		}
	}
	return summary.Plan(), summary.Server().Agent()
}

// openStore returns a store over an emptied database.
func openStore(t testing.TB, server *neo4jtest.Handle) *Store {
	t.Helper()
	server.Clear(t)
	s, err := Open(t.Context(), Options{URI: server.URI, User: server.User, Password: server.Password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}
