package etl_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"wellspring/etl"
	"wellspring/ingest"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// typeNote is a kind of envelope for tests: its data is a word, and its owner's
// graph has one node for each word.
const typeNote = "test.note"

// notes is their Projector. A word may ask for trouble.
type notes struct {
	mu      sync.Mutex
	busy    map[lineage.Owner]int
	atOnce  int                                        // owners transformed at one time, at most
	overlap bool                                       // an owner had two turns at one time
	meet    func(ctx context.Context, o lineage.Owner) // called in every transform
}

func (n *notes) Extract(_ context.Context, r journal.Record) (etl.Fragment, error) {
	word := string(r.Envelope.Event.Data())
	if word == "unreadable" {
		return nil, lineage.Invalid("extract", word, "write it again")
	}
	return word, nil
}

func (n *notes) Transform(ctx context.Context, owner lineage.Owner, fragments []etl.Fragment) (etl.Derived, error) {
	defer n.enter(owner)()
	if n.meet != nil {
		n.meet(ctx, owner)
	}
	p := lineage.Projection{Owner: owner}
	for _, f := range fragments {
		word := f.(string)
		switch {
		case strings.HasPrefix(word, "poison"):
			return etl.Derived{}, lineage.Invalid("transform", word, "leave it out")
		case word == "panic":
			panic("a fault of the program")
		}
		node := lineage.Node{ID: lineage.NewID(lineage.KindDataset, string(owner), word), Kind: lineage.KindDataset, Name: word}
		if !slices.ContainsFunc(p.Nodes, func(o lineage.Node) bool { return o.ID == node.ID }) {
			p.Nodes = append(p.Nodes, node)
		}
	}
	p.Sort()
	return etl.Derived{Projection: p}, nil
}

func (n *notes) enter(owner lineage.Owner) (leave func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.busy == nil {
		n.busy = map[lineage.Owner]int{}
	}
	n.busy[owner]++
	n.atOnce = max(n.atOnce, len(n.busy))
	n.overlap = n.overlap || n.busy[owner] > 1
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.busy[owner]--; n.busy[owner] == 0 {
			delete(n.busy, owner)
		}
	}
}

var written = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// note is an envelope with one word, the nth of its owner.
func note(owner string, n int, word string) ingest.Envelope {
	event := cloudevents.New()
	event.SetID(fmt.Sprintf("%s-%d", owner, n))
	event.SetSource("/test")
	event.SetType(typeNote)
	event.SetSubject(owner)
	if err := event.SetData("text/plain", []byte(word)); err != nil {
		panic(err)
	}
	return ingest.Envelope{Event: event, Observed: written, Hash: event.ID() + word, Door: "test"}
}

// write appends notes of one owner.
func (l *lab) write(owner string, words ...string) []journal.Position {
	l.t.Helper()
	envelopes := make([]ingest.Envelope, len(words))
	for i, word := range words {
		l.notes++
		envelopes[i] = note(owner, l.notes, word)
	}
	receipts, err := l.journal.Append(l.t.Context(), envelopes...)
	if err != nil {
		l.t.Fatal(err)
	}
	positions := make([]journal.Position, len(receipts))
	for i, r := range receipts {
		positions[i] = r.Position
	}
	return positions
}

// wait waits for one position of an owner. It has no time limit: under a fake
// clock a limit would be reached first.
func (l *lab) wait(owner string, at journal.Position) (etl.Processing, error) {
	l.t.Helper()
	return l.pipeline.Wait(l.t.Context(), lineage.Owner(owner), at)
}

// words are the nodes of an owner's graph.
func (l *lab) words(owner string) []string {
	l.t.Helper()
	var words []string
	for _, n := range l.owned(lineage.Owner(owner)).Nodes {
		words = append(words, n.Name)
	}
	slices.Sort(words)
	return words
}

// withNotes gives a pipeline the kind of envelope for tests.
func withNotes(n *notes, more ...func(*etl.Config)) func(*etl.Config) {
	return func(c *etl.Config) {
		c.Projectors = map[string]etl.Projector{typeNote: n}
		for _, configure := range more {
			configure(c)
		}
	}
}
