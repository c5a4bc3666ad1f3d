package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"wellspring/etl"
	"wellspring/graphstore/cached"
	"wellspring/graphstore/neo4j"
	graphsqlite "wellspring/graphstore/sqlite"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// graphAt is where a graph is.
type graphAt struct{ store, file, uri, user, password, database string }

func (o Options) firstGraph() graphAt {
	return graphAt{o.Store, o.SQLiteFile, o.Neo4jURI, o.Neo4jUser, o.Neo4jPassword, o.Neo4jDatabase}
}

// secondGraph has no store where there is to be none.
func (o Options) secondGraph() graphAt {
	return graphAt{o.SecondStore, o.SecondSQLiteFile, o.SecondNeo4jURI, o.SecondNeo4jUser, o.SecondNeo4jPassword, o.SecondNeo4jDatabase}
}

// validate names what is wrong with it, by settings that begin with a prefix.
func (g graphAt) validate(prefix string, wrong func(name, format string, args ...any)) {
	switch g.store {
	case "sqlite":
		if !isGraphFile(g.file) {
			wrong(prefix+"sqlite-file", "%q is no name such as graph.db or graph-2.db", g.file)
		}
	case "neo4j":
		if u, err := url.Parse(g.uri); err != nil || u.Host == "" {
			wrong(prefix+"neo4j-uri", "store neo4j needs an address such as neo4j://localhost:7687")
		} else if u.User != nil {
			wrong(prefix+"neo4j-uri", "leave the password out of the address; use %[1]sneo4j-user and %[1]sneo4j-password", prefix)
		}
	default:
		wrong(prefix+"store", "%q is neither sqlite nor neo4j", g.store)
	}
}

// isGraphFile reports whether a graph in the data folder may have a name.
func isGraphFile(name string) bool {
	return filepath.Base(name) == name && strings.HasPrefix(name, "graph") && strings.HasSuffix(name, ".db") && name != besideFile
}

// validateGraphs checks where the graphs are.
func (o Options) validateGraphs(wrong func(name, format string, args ...any)) {
	first, second := o.firstGraph(), o.secondGraph()
	first.validate("", wrong)
	if second.store == "" {
		return
	}
	if second.validate("second.", wrong); second.name() == first.name() {
		wrong("second.store", "%s is where the first graph is: name another place", second.name())
	}
}

// name says which graph it is, however its address is written.
func (g graphAt) name() string {
	if g.store != "neo4j" {
		return "sqlite " + g.file
	}
	u, err := url.Parse(g.uri)
	if err != nil {
		return "neo4j " + g.uri
	}
	host, port := strings.ToLower(u.Hostname()), cmp.Or(u.Port(), "7687")
	if loopback(net.JoinHostPort(host, port)) {
		host = "localhost"
	}
	return "neo4j " + net.JoinHostPort(host, port) + "/" + strings.ToLower(cmp.Or(g.database, "neo4j"))
}

func (g graphAt) open(ctx context.Context, dataDir string) (cached.Engine, error) {
	if g.store == "neo4j" {
		return neo4j.Open(ctx, neo4j.Options{URI: g.uri, User: g.user, Password: g.password, Database: g.database})
	}
	return graphsqlite.Open(ctx, filepath.Join(dataDir, g.file), graphsqlite.Options{})
}

// What was processed into a graph, a *set*, is kept apart from that of another: the
// place in the journal, the states, the dead letters. A set stays with its graph
// whichever of the two is the first, so changing that moves nothing.
const (
	setOne = etl.Consumer
	setTwo = "second"
)

func otherSet(set string) string {
	if set == setOne {
		return setTwo
	}
	return setOne
}

// statesIn is where the states of a set are, in the data folder.
func statesIn(set string) string {
	if set == setOne {
		return statesFile
	}
	return filepath.Join(set, statesFile)
}

// graphFiles are what there is of the first graph in the data folder: its states, and
// itself where it is embedded. The second is made again from the journal.
func (a *App) graphFiles() []string {
	files := []string{statesIn(a.places.First)}
	if a.options.Store == "sqlite" {
		files = append(files, a.options.SQLiteFile)
	}
	return files
}

// graphFiles are those of a backup that may be of a graph.
func (b BackupOf) graphFiles() []string {
	files := []string{statesIn(setOne), statesIn(setTwo), placesFile}
	for _, f := range b.Files {
		if isGraphFile(f.Name) {
			files = append(files, f.Name)
		}
	}
	return files
}

// lettersOf are the dead letters of a set.
func (a *App) lettersOf(set string) journal.DeadLetters {
	if set == setOne {
		return a.journal
	}
	return a.journal.LettersOf(set)
}

// placesFile says, in the data folder, which graph a set is of. There is none before
// there was a second graph.
const placesFile = "graphs.json"

// places is what placesFile says.
type places struct {
	First  string            `json:"first"`  // the set of the first graph
	Graphs map[string]string `json:"graphs"` // of a set
	Filled map[string]bool   `json:"filled"` // sets that were done with the whole journal once
}

func (p places) setOf(graph string) string {
	for set, name := range p.Graphs {
		if name == graph {
			return set
		}
	}
	return ""
}

// assign says which set each graph has; second may be empty. What is known of the
// emptied ones is of another graph: they begin anew. A first graph that nobody has
// seen before is the first of before at another address, unless that is the second.
func (p places) assign(first, second string) (next places, emptied []string) {
	next = places{First: cmp.Or(p.First, setOne), Graphs: maps.Clone(p.Graphs), Filled: maps.Clone(p.Filled)}
	if next.Graphs == nil {
		next.Graphs, next.Filled = map[string]string{}, map[string]bool{setOne: true}
	}
	before := next.First
	if set := p.setOf(first); set != "" {
		next.First = set
	} else if second != "" && p.setOf(second) == before {
		next.First = otherSet(before)
		emptied = append(emptied, next.First)
	}
	next.Graphs[next.First] = first
	if rest := otherSet(next.First); second != "" && next.Graphs[rest] != second {
		next.Graphs[rest] = second
		emptied = append(emptied, rest)
	}
	for _, set := range emptied {
		next.Filled[set] = false
	}
	return next, emptied
}

// place finds out which sets the graphs of the options have. A graph that was the
// second becomes the first only when it was filled.
func (a *App) place(ctx context.Context) error {
	path := filepath.Join(a.options.DataDir, placesFile)
	var before places
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &before)
	} else if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return &lineage.Error{Op: "start", Kind: lineage.ErrorConflict, ID: path, Hint: "it says which graph is which: restore it from a backup", Err: err}
	}
	second := a.options.secondGraph()
	if len(text) == 0 && second.store == "" {
		a.places.First = setOne
		return nil
	}
	name := ""
	if second.store != "" {
		name = second.name()
	}
	next, emptied := before.assign(a.options.firstGraph().name(), name)
	if was := cmp.Or(before.First, setOne); next.First != was {
		if err := a.exchangeFirst(ctx, was, next); err != nil {
			return err
		}
	}
	for _, set := range emptied {
		if err := a.empty(ctx, set); err != nil {
			return err
		}
	}
	if err := a.journal.DontWaitFor(ctx, otherSet(next.First)); err != nil {
		return err
	}
	a.places.places = next
	return a.places.write(path)
}

// exchangeFirst lets the graph of another set be the first. Nobody has been told of
// what the one before has not processed: so the new one goes back to there.
func (a *App) exchangeFirst(ctx context.Context, was string, next places) error {
	const op = "start"
	at, err := a.journal.Committed(ctx, next.First)
	if err != nil {
		return err
	}
	behind, _, err := a.journal.Lag(ctx, at)
	if err != nil {
		return err
	}
	_, lost := os.Stat(filepath.Join(a.options.DataDir, statesIn(next.First)))
	if !next.Filled[next.First] || lost != nil {
		return &lineage.Error{Op: op, Kind: lineage.ErrorConflict, ID: next.Graphs[next.First],
			Hint: fmt.Sprintf("answers from it would be incomplete: let %s be the first and this the second until `wellspring processing --summary` says that it is filled (operating.md says what to do where the first is lost)", next.Graphs[was]),
			Err:  fmt.Errorf("it is to be the first graph, and was never filled as the second: %d records are missing", behind)}
	}
	a.logger.WarnContext(ctx, "another graph is the first from now on", "graph", next.Graphs[next.First], "before", next.Graphs[was], "behind", behind)
	old, err := a.journal.Committed(ctx, was)
	if err != nil {
		return err
	}
	oldBehind, _, err := a.journal.Lag(ctx, old)
	if err == nil && oldBehind > behind {
		err = a.journal.Commit(ctx, next.First, old)
	}
	return err
}

// empty forgets what was processed into the graph that had a set before.
func (a *App) empty(ctx context.Context, set string) error {
	if err := removeDatabase(filepath.Join(a.options.DataDir, statesIn(set))); err != nil {
		return err
	}
	letters := a.lettersOf(set)
	for after := ""; ; {
		page, err := letters.Letters(ctx, after, 100)
		if err != nil {
			return err
		}
		for _, l := range page {
			if err := letters.Settle(ctx, l.ID, journal.StateRetried); err != nil {
				return err
			}
			after = l.ID
		}
		if len(page) == 0 {
			return a.journal.Commit(ctx, set, "")
		}
	}
}

// keptPlaces are places that more than one may change.
type keptPlaces struct {
	mu sync.Mutex
	places
}

func (k *keptPlaces) write(path string) error {
	text, err := json.MarshalIndent(k.places, "", "  ")
	if err != nil {
		return err
	}
	_, err = WriteWhole(path, func(to io.Writer) error {
		_, err := to.Write(append(text, '\n'))
		return err
	})
	return err
}

// filled remembers that a set was done with the whole journal once.
func (k *keptPlaces) filled(dataDir, set string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.Filled[set] {
		return nil
	}
	k.Filled[set] = true
	return k.write(filepath.Join(dataDir, placesFile))
}

func (k *keptPlaces) isFilled(set string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.Filled[set]
}
