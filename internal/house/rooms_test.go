package house

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// room is one layer of the house.
type room struct {
	folder string
	// rooms are the folders that it may import, itself aside; with a $ at the
	// end that one package and none below it.
	rooms []string
	// libraries are the only ones that it may import; nil leaves it free.
	libraries []string
	// standard are packages of the standard library that it must not import.
	standard []string
	// rule is its name in depguard's configuration; "" where there is none.
	rule string
	// apart: the folders directly below it must not import each other.
	apart bool
}

// house is the table of docs/architecture.md. A package belongs to the room
// with the longest folder that it is in.
var house = []room{
	{folder: "lineage", libraries: []string{"github.com/google/uuid"}, rule: "lineage"},
	{folder: "ot2", rooms: []string{"lineage"}, libraries: []string{}, rule: "ot2"},
	{folder: "liquid", rooms: []string{"lineage", "ot2"}, libraries: []string{}, standard: []string{"os", "net", "log"}, rule: "liquid"},
	{folder: "bench", rooms: []string{"lineage", "ot2"}, rule: "bench"},
	{folder: "archive", libraries: []string{}, rule: "archive"},
	{folder: "ingest", rooms: []string{"lineage", "ot2", "bench", "archive", "ingest$", "ingest/intake$", "ingest/journal$"}, rule: "ingest", apart: true},
	{folder: "etl", rooms: []string{"lineage", "ot2", "bench", "liquid", "ingest$", "ingest/journal$", "graphstore$"}, rule: "etl"},
	{folder: "notify", rooms: []string{"lineage", "ot2", "liquid", "ingest$", "ingest/journal$", "etl$", "etl/quality$"}, rule: "notify"},
	{folder: "graphstore", rooms: []string{"lineage", "graphstore$", "graphstore/storetest"}, rule: "graphstore", apart: true},
	{folder: "graphstore/neo4j", rooms: []string{"lineage", "graphstore$", "cypher"}, rule: "graphstore-neo4j"},
	{folder: "cypher", libraries: []string{}, rule: "cypher"},
	{folder: "evidence", rooms: []string{"lineage", "archive"}, rule: "evidence"},
	{folder: "access", rooms: []string{"lineage"}, rule: "access"},
	{folder: "query", rooms: []string{"lineage", "bench", "graphstore$"}, libraries: []string{"github.com/google/uuid"}, rule: "query"},
	{folder: "api", rooms: []string{"lineage", "access", "query", "evidence$", "evidence/pack$", "etl$", "ingest$", "ingest/journal$", "graphstore$"}, rule: "api"},
	{folder: "web", rooms: []string{"lineage", "access", "query", "evidence$", "evidence/pack$", "evidence/verify$", "etl$", "ingest/journal$"}, libraries: []string{}, rule: "web"},
	{folder: "app", rooms: []string{""}},
	{folder: "cmd", rooms: []string{"lineage", "app", "api/client", "evidence$", "evidence/pack$", "evidence/verify$", "examples"}, rule: "cmd"},
	{folder: "examples", libraries: []string{}, rule: "examples"},
	{folder: "internal", rooms: []string{""}},
}

// roomOf returns the room that a package is in.
func roomOf(pkg string) (room, bool) {
	var found room
	for _, r := range house {
		if within(pkg, r.folder) && len(r.folder) > len(found.folder) {
			found = r
		}
	}
	return found, found.folder != ""
}

func within(pkg, folder string) bool {
	return folder == "" || pkg == folder || strings.HasPrefix(pkg, folder+"/")
}

// mayImport says what is wrong with an import of a package in r, "" if nothing.
func (r room) mayImport(pkg, imported string) string {
	first, _, _ := strings.Cut(imported, "/")
	switch {
	case imported == module || first == module:
		target := strings.TrimPrefix(strings.TrimPrefix(imported, module), "/")
		if within(target, subroom(r, pkg)) {
			return ""
		}
		for _, allowed := range r.rooms {
			if exact, ok := strings.CutSuffix(allowed, "$"); ok && target == exact || !ok && within(target, allowed) {
				return ""
			}
		}
		return "another room that it has no door to"
	case strings.Contains(first, "."):
		if r.libraries != nil && !slices.Contains(r.libraries, imported) {
			return "a library, and this room has none"
		}
	default:
		for _, denied := range r.standard {
			if within(imported, denied) {
				return "this part of the standard library is not for this room"
			}
		}
	}
	return ""
}

// subroom is the part of r that pkg may import freely: all of r, or, where its
// folders stay apart, the one that pkg is in.
func subroom(r room, pkg string) string {
	if !r.apart || pkg == r.folder {
		return r.folder
	}
	below := strings.Split(strings.TrimPrefix(pkg, r.folder+"/"), "/")
	own := r.folder + "/" + below[0]
	if own == "ingest/journal" && len(below) > 1 { // an engine folder each
		own += "/" + below[1]
	}
	return own
}

func TestRoomsImportWhatTheyMay(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		r, ok := roomOf(s.pkg())
		if !ok {
			t.Errorf("%s: no room has this folder: give it one in the table of docs/architecture.md and here", s.path)
			continue
		}
		for _, spec := range s.file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if wrong := r.mayImport(s.pkg(), imported); wrong != "" {
				t.Errorf("%s: room %s must not import %s: %s", s.line(spec), r.folder, imported, wrong)
			}
		}
	}
}

func TestMayImport(t *testing.T) {
	for _, test := range []struct {
		pkg, imported string
		want          bool
	}{
		{"lineage", "github.com/google/uuid", true},
		{"lineage", "github.com/google/go-cmp/cmp", false},
		{"lineage", "wellspring/ot2", false},
		{"ot2", "wellspring/lineage", true},
		{"liquid", "os", false},
		{"liquid", "os/exec", false},
		{"liquid", "log/slog", false},
		{"ingest/mqtt", "wellspring/ingest", true},
		{"ingest/mqtt", "wellspring/ingest/journal", true},
		{"ingest/mqtt", "wellspring/ingest/intake", true},
		{"ingest/mqtt", "wellspring/ingest/journal/sqlite", false},
		{"ingest/mqtt", "wellspring/ingest/http", false},
		{"ingest/mqtt", "wellspring/ingest/mqtt/broker", true},
		{"ingest/journal/sqlite", "wellspring/ingest/journal", true},
		{"ingest/journal/sqlite", "wellspring/ingest/journal/journaltest", false},
		{"etl", "wellspring/graphstore", true},
		{"etl", "wellspring/graphstore/sqlite", false},
		{"graphstore/sqlite", "wellspring/graphstore", true},
		{"graphstore/sqlite", "wellspring/cypher", false},
		{"graphstore/sqlite", "wellspring/graphstore/neo4j", false},
		{"graphstore/neo4j", "wellspring/cypher/read", true},
		{"query", "golang.org/x/sync/errgroup", false},
		{"app", "wellspring/graphstore/neo4j", true},
		{"cmd/wellspring", "wellspring/app", true},
		{"cmd/wellspring", "wellspring/api/client", true},
		{"cmd/wellspring", "wellspring/api", false},
		{"cmd/wellspring", "wellspring/liquid", false},
	} {
		r, ok := roomOf(test.pkg)
		if !ok {
			t.Errorf("%s is in no room", test.pkg)
			continue
		}
		if got := r.mayImport(test.pkg, test.imported) == ""; got != test.want {
			t.Errorf("%s may import %s: %v, want %v", test.pkg, test.imported, got, test.want)
		}
	}
}

// depguard is the part of golangci-lint's configuration that says who may
// import what.
type depguard struct {
	Linters struct {
		Settings struct {
			Depguard struct {
				Rules map[string]struct {
					Mode  string   `yaml:"list-mode"`
					Files []string `yaml:"files"`
					Allow []string `yaml:"allow"`
					Deny  []struct {
						Pkg string `yaml:"pkg"`
					} `yaml:"deny"`
				} `yaml:"rules"`
			} `yaml:"depguard"`
		} `yaml:"settings"`
	} `yaml:"linters"`
}

func TestDepguardAgrees(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root(t), ".golangci.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var config depguard
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	rules := config.Linters.Settings.Depguard.Rules
	for _, r := range house {
		if r.rule == "" {
			continue
		}
		rule, ok := rules[r.rule]
		if !ok {
			t.Errorf("depguard has no rule %s for the room %s", r.rule, r.folder)
			continue
		}
		if want := "${config-path}/" + r.folder + "/**"; !slices.Contains(rule.Files, want) {
			t.Errorf("depguard's rule %s has files %q, want %q among them", r.rule, rule.Files, want)
		}
		mode, allow, deny := r.asDepguard()
		var denied []string
		for _, d := range rule.Deny {
			denied = append(denied, d.Pkg)
		}
		slices.Sort(rule.Allow)
		slices.Sort(denied)
		if rule.Mode != mode {
			t.Errorf("depguard's rule %s has list-mode %s, want %s", r.rule, rule.Mode, mode)
		}
		if diff := cmp.Diff(allow, rule.Allow); diff != "" {
			t.Errorf("depguard's rule %s allows (-table +rule):\n%s", r.rule, diff)
		}
		if diff := cmp.Diff(deny, denied); diff != "" {
			t.Errorf("depguard's rule %s denies (-table +rule):\n%s", r.rule, diff)
		}
	}
}

// asDepguard is what depguard's rule for r has to say, sorted.
func (r room) asDepguard() (mode string, allow, deny []string) {
	mode = "lax"
	deny = slices.Clone(r.standard)
	if r.libraries != nil {
		mode = "strict"
		allow = append(allow, "$gostd")
		allow = append(allow, r.libraries...)
	} else {
		deny = append(deny, module)
	}
	own := r.folder
	if r.apart || slices.Contains([]string{"graphstore/neo4j", "lineage", "cypher", "examples"}, r.folder) {
		own = "" // its packages don't import each other
	}
	for _, folder := range append([]string{own}, r.rooms...) {
		if folder != "" {
			allow = append(allow, module+"/"+folder)
		}
	}
	slices.Sort(allow)
	slices.Sort(deny)
	return mode, allow, deny
}
