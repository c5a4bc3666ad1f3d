package api_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"wellspring/graphstore"
	"wellspring/graphstore/neo4j"
	"wellspring/graphstore/storetest/labgraph"
	"wellspring/internal/neo4jtest"
	"wellspring/lineage"
	"wellspring/query"
)

// rowsWanted is how many rows are streamed; make bench-large asks for a million.
func rowsWanted(t *testing.T) int {
	t.Helper()
	if n, err := strconv.Atoi(os.Getenv("WELLSPRING_ROWS")); err == nil {
		return n
	}
	return 20_000
}

// runNode is a run that a list shows.
func runNode(i int, status string) lineage.Node {
	id := fmt.Sprintf("paged-%07d", i)
	return lineage.Node{ID: lineage.RunID(id), Kind: lineage.KindRun, Name: id, Attributes: lineage.Attributes{lineage.AttrRun: id, "status": status}}
}

// applyRuns writes runs, some thousand by each owner.
func applyRuns(t *testing.T, store graphstore.Store, from, to int, status string, at time.Time) {
	t.Helper()
	for ; from < to; from += 5000 {
		p := lineage.Projection{Owner: lineage.Owner(fmt.Sprintf("run:paged-%d", from))}
		for i := from; i < min(to, from+5000); i++ {
			p.Nodes = append(p.Nodes, runNode(i, status))
		}
		_, err := store.Apply(t.Context(), p, at)
		must(t, err)
	}
}

// Who pages through a list while others write sees every row that was there all the
// time once, and none twice.
func TestPagesWhileOthersWrite(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { pageWhileWriting(t, newLab(t, settings{})) })
	t.Run("neo4j", func(t *testing.T) {
		if os.Getenv(neo4jtest.EnvURI) == "" {
			t.Skipf("%s names no Neo4j: make test starts one", neo4jtest.EnvURI)
		}
		server := neo4jtest.Server(t)
		store, err := neo4j.Open(t.Context(), neo4j.Options{URI: server.URI, User: server.User, Password: server.Password, Database: neo4jtest.Database})
		must(t, err)
		t.Cleanup(func() { must(t, store.Close(context.Background())) })
		pageWhileWriting(t, newLab(t, settings{graph: store}))
	})
}

func pageWhileWriting(t *testing.T, l *lab) {
	const runs, wells, pageSize = 300, 200, 50
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	write := func(p lineage.Projection) {
		t.Helper()
		at = at.Add(time.Second)
		_, err := l.store.Apply(context.Background(), p, at)
		must(t, err)
	}
	// Those with even numbers are there from the beginning to the end.
	stay, others := lineage.Projection{Owner: "run:stay"}, lineage.Projection{Owner: "run:others"}
	for i := 0; i < runs; i += 2 {
		stay.Nodes = append(stay.Nodes, runNode(i, "running"))
	}
	write(stay)
	write(labgraph.Hub(wells))
	t.Cleanup(func() { // of Neo4j there is one for all tests
		for _, who := range []lineage.Owner{"run:stay", "run:others", "run:hub"} {
			write(lineage.Projection{Owner: who})
		}
	})

	seen := map[lineage.ID]int{}
	paged(func(cursor string, page int) string {
		answer := read[query.Runs](l, fmt.Sprintf("/v1/runs?limit=%d%s", pageSize, cursor))
		for _, run := range answer.Runs {
			seen[run.ID]++
		}
		// Before the next page some come in before it and behind it, some go, and some change.
		others.Nodes = nil
		for i := 1 + 2*(page%7); i < runs; i += 14 {
			others.Nodes = append(others.Nodes, runNode(i, "running"))
		}
		write(others)
		stay.Nodes[(40*page+7)%len(stay.Nodes)].Attributes = lineage.Attributes{lineage.AttrRun: "changed", "page": float64(page)}
		write(stay)
		return string(answer.Next)
	})
	for i := 0; i < runs; i += 2 {
		if n := seen[runNode(i, "").ID]; n != 1 {
			t.Errorf("run %d came %d times", i, n)
		}
	}

	// An impact that is paged through while the lot is used on.
	paged(func(cursor string, page int) string {
		answer := read[query.Answer](l, fmt.Sprintf("/v1/nodes/%s/impact?limit=%d%s", labgraph.HubLot(), pageSize, cursor))
		for _, item := range answer.Items {
			seen[item.Node.ID]++
		}
		write(labgraph.Hub(wells + 10*(page+1)))
		return string(answer.Next)
	})
	for i := range wells {
		if n := seen[labgraph.HubWell(i)]; n != 1 {
			t.Errorf("well %d came %d times", i, n)
		}
	}
	for id, n := range seen {
		if n > 1 {
			t.Errorf("%s came %d times", id, n)
		}
	}
}

// paged goes on as long as each page names a next one.
func paged(page func(cursor string, number int) string) {
	cursor := ""
	for number := 0; ; number++ {
		next := page(cursor, number)
		if next == "" {
			return
		}
		cursor = "&cursor=" + next
	}
}

// allocated is how many bytes were taken meanwhile, those given back included: what was
// in use at once was less.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A buffer that 100,000 wells got some of is answered for up to a bound, and the answer
// says that it is cut.
func TestHubIsCut(t *testing.T) {
	if testing.Short() {
		t.Skip("it writes 100,000 wells")
	}
	l := newLab(t, settings{})
	_, err := l.store.Apply(t.Context(), labgraph.Hub(100_000), time.Now())
	must(t, err)
	path := "/v1/nodes/" + labgraph.HubLot().String() + "/impact"
	var answer query.Answer
	taken := allocated(func() { answer = read[query.Answer](l, path+"?limit=100") })
	if len(answer.Items) != 100 || answer.Next == "" || !answer.Truncated || answer.Complete || len(answer.Reasons) == 0 {
		t.Errorf("%d items, truncated %t, complete %t, %v", len(answer.Items), answer.Truncated, answer.Complete, answer.Reasons)
	}
	if most := uint64(1 << 30); taken > most {
		t.Errorf("a page of it took %d bytes, more than %d", taken, most)
	}
	t.Logf("a page took %d MiB", taken>>20)
	rows := l.get(path + "?format=ndjson")
	if rows.Header.Get("Wellspring-Truncated") != "true" || rows.Header.Get("Wellspring-Complete") != "false" {
		t.Errorf("ndjson: %v", rows.Header)
	}
	summary := read[query.Summary](l, path+"/summary?limit=10")
	if !summary.Truncated || summary.Complete {
		t.Errorf("the summary: truncated %t, complete %t", summary.Truncated, summary.Complete)
	}
}

// Between the ends of a ladder of diamonds are 2^40 paths, over 81 wells: who follows
// paths never answers.
func TestLadderOverREST(t *testing.T) {
	l := newLab(t, settings{})
	_, err := l.store.Apply(t.Context(), labgraph.Ladder(41), time.Now())
	must(t, err)
	for _, path := range []string{
		"/v1/nodes/" + labgraph.LadderWell(40, 0).String() + "/ancestry?limit=1000",
		"/v1/nodes/" + labgraph.LadderWell(0, 0).String() + "/impact?limit=1000",
	} {
		var answer query.Answer
		taken := allocated(func() { answer = read[query.Answer](l, path) })
		if len(answer.Items) != 80 || answer.Truncated || answer.Next != "" {
			t.Errorf("%s: %d items, truncated %t", path, len(answer.Items), answer.Truncated)
		}
		if taken > 64<<20 {
			t.Errorf("%s took %d bytes", path, taken)
		}
	}
}

// Rows are read from the store while they are sent: what is in memory doesn't grow
// with their number.
func TestRowsStreamInFlatMemory(t *testing.T) {
	l := newLab(t, settings{})
	want := rowsWanted(t)
	applyRuns(t, l.store, 0, want, "succeeded", time.Now())
	rows, inUse := 0, []uint64{}
	answer, err := http.Get(l.base + "/v1/runs?format=ndjson")
	must(t, err)
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if rows++; rows%(want/10) == 0 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			inUse = append(inUse, m.HeapAlloc)
		}
	}
	must(t, lines.Err())
	if rows != want {
		t.Errorf("%d rows came of %d", rows, want)
	}
	// A page of the store and what is on the way take some MiB; a million rows would take 400.
	if first, last := inUse[0], inUse[len(inUse)-1]; last > first+16<<20 {
		t.Errorf("bytes in use along the way: %d", inUse)
	}
	t.Logf("%d rows, %d MiB in use at most", rows, max(inUse[0], inUse[len(inUse)-1])>>20)
}

// watched is a store that tells how its reading of lists goes.
type watched struct {
	graphstore.Store
	holdAt  int // the page that is held until its reader is gone
	pages   int
	entered chan struct{}
	ended   chan error
}

func (w *watched) Find(ctx context.Context, f lineage.Find) (lineage.Page, error) {
	if w.pages++; w.pages == w.holdAt {
		close(w.entered)
		<-ctx.Done()
		w.ended <- context.Cause(ctx)
		return lineage.Page{}, graphstore.Interrupted("find", ctx.Err())
	}
	return w.Store.Find(ctx, f)
}

// When the client leaves, the question that the store is about for it is called off, and
// nothing more is asked.
func TestStoreIsCalledOffWhenTheClientLeaves(t *testing.T) {
	w := &watched{holdAt: 3, entered: make(chan struct{}), ended: make(chan error, 1)}
	l := newLab(t, settings{store: func(s graphstore.Store) graphstore.Store { w.Store = s; return w }})
	applyRuns(t, l.store, 0, 5000, "succeeded", time.Now())
	ctx, leave := context.WithCancel(t.Context())
	rows := 0
	go func() {
		<-w.entered
		leave()
	}()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, l.base+"/v1/runs?format=ndjson", nil)
	must(t, err)
	answer, err := http.DefaultClient.Do(request)
	must(t, err)
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		rows++
	}
	if why := <-w.ended; why == nil || lines.Err() == nil {
		t.Errorf("the store's question ended with %v, the client's with %v", why, lines.Err())
	}
	if w.pages != 3 || rows > 2*lineage.MaxPage {
		t.Errorf("%d pages were read, %d rows came", w.pages, rows)
	}
}
