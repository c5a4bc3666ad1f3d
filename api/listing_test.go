package api

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"testing"

	"wellspring/lineage"
)

// lab is a list of so many things, which exist a page at a time.
type lab struct{ things, pages int }

func (l *lab) page(_ context.Context, after lineage.Cursor, size int) ([]lineage.Node, lineage.Cursor, error) {
	l.pages++
	first := 0
	if after != "" {
		var err error
		if first, err = strconv.Atoi(string(after)); err != nil {
			return nil, "", err
		}
	}
	nodes := make([]lineage.Node, min(size, l.things-first))
	for i := range nodes {
		nodes[i] = lineage.Node{Kind: lineage.KindRun, Name: strconv.Itoa(first + i), Attributes: lineage.Attributes{lineage.AttrRun: "r", "commands": 400.0}}
	}
	if first += len(nodes); first == l.things {
		return nodes, "", nil
	}
	return nodes, lineage.Cursor(strconv.Itoa(first)), nil
}

// client takes rows and counts them; it leaves after some.
type client struct {
	header http.Header
	rows   int
	stays  int
	heap   []uint64 // in use after every tenth of what it stays for
}

var errLeft = errors.New("the client has left")

func (c *client) Header() http.Header { return c.header }
func (c *client) WriteHeader(int)     {}
func (c *client) Write(p []byte) (int, error) {
	if c.rows == c.stays {
		return 0, errLeft
	}
	if c.rows += bytes.Count(p, []byte("\n")); c.rows%(c.stays/10) == 0 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		c.heap = append(c.heap, m.HeapAlloc)
	}
	return len(p), nil
}

func sendList(t *testing.T, l *lab, c *client) error {
	t.Helper()
	c.header = http.Header{}
	answer, err := list(t.Context(), &server{Options: Options{Logger: slog.New(slog.DiscardHandler)}}, Ndjson, 0, "", l.page,
		func([]lineage.Node, lineage.Cursor) any { return nil }, nil, func(lineage.Node) []string { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return answer.write(c)
}

// A million rows are sent a page at a time: what is in memory doesn't grow.
func TestMillionRowsInFlatMemory(t *testing.T) {
	l, c := &lab{things: 1_000_000}, &client{stays: 1_000_000}
	if err := sendList(t, l, c); err != nil {
		t.Fatal(err)
	}
	if c.rows != l.things {
		t.Errorf("%d rows came", c.rows)
	}
	// A page takes about half a megabyte, all of it would take 400.
	if first, last := c.heap[0], c.heap[len(c.heap)-1]; len(c.heap) != 10 || last > first+8<<20 {
		t.Errorf("bytes in use along the way: %d", c.heap)
	}
}

// Nothing more is read for a client that has left.
func TestListEndsWithItsClient(t *testing.T) {
	l, c := &lab{things: 1_000_000}, &client{stays: 2500}
	if err := sendList(t, l, c); !errors.Is(err, errLeft) {
		t.Errorf("error %v", err)
	}
	if want := c.stays/lineage.MaxPage + 1; l.pages > want {
		t.Errorf("%d pages were read, want at most %d", l.pages, want)
	}
}
