package api_test

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"wellspring/evidence"
)

// monitor follows a log by its tiles alone, as somebody outside does: the client
// is that of the Go checksum database, which believes a tile once it is hashed into the root.
type monitor struct {
	l     *lab
	key   note.Verifier
	tree  evidence.Checkpoint
	read  map[string]bool // paths
	spoil func(path string, data []byte)
}

// look reads the newest checkpoint.
func (m *monitor) look() evidence.Checkpoint {
	m.l.t.Helper()
	answer := m.l.get("/v1/log/checkpoint")
	n, err := note.Open(answer.body, note.VerifierList(m.key))
	must(m.l.t, err)
	m.tree, err = evidence.ParseCheckpoint(n.Text)
	must(m.l.t, err)
	if cache := answer.Header.Get("Cache-Control"); cache != "private, no-cache" {
		m.l.t.Errorf("the checkpoint may be kept: %s", cache)
	}
	return m.tree
}

// hashes reads the tree's hashes out of tiles.
func (m *monitor) hashes() tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: m.tree.Size, Hash: m.tree.Root}, m)
}

func (m *monitor) Height() int { return evidence.TileHeight }

func (m *monitor) SaveTiles([]tlog.Tile, [][]byte) {}

func (m *monitor) ReadTiles(tiles []tlog.Tile) (all [][]byte, err error) {
	for _, tile := range tiles {
		data, err := m.tile(evidence.TilePath(tile))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (m *monitor) tile(path string) ([]byte, error) {
	m.read[path] = true
	answer := m.l.get("/v1/log/" + path)
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s %s", path, answer.Status, answer.body)
	}
	if cache := answer.Header.Get("Cache-Control"); cache != "private, max-age=31536000, immutable" {
		return nil, fmt.Errorf("%s may not be kept: %s", path, cache)
	}
	if m.spoil != nil {
		m.spoil(path, answer.body)
	}
	return answer.body, nil
}

// leaf reads an entry out of its bundle.
func (m *monitor) leaf(index int64) []byte {
	m.l.t.Helper()
	path := tlog.Tile{H: evidence.TileHeight, L: -1, N: index / 256, W: int(min(256, m.tree.Size-index/256*256))}
	bundle, err := m.tile(evidence.TilePath(path))
	must(m.l.t, err)
	for ; ; index-- {
		size := int(binary.BigEndian.Uint16(bundle))
		if index%256 == 0 {
			return bundle[2 : 2+size]
		}
		bundle = bundle[2+size:]
	}
}

// included checks that the tree holds an entry.
func (m *monitor) included(index int64) error {
	proof, err := tlog.ProveRecord(m.tree.Size, index, m.hashes())
	if err != nil {
		return err
	}
	return evidence.CheckInclusion(m.tree, index, m.leaf(index), proof)
}

func TestTiles(t *testing.T) {
	l := newLab(t, settings{})
	grow := func(n int) {
		t.Helper()
		var records []evidence.Record
		for i := range n {
			records = append(records, evidence.Record{Position: strconv.Itoa(i), Subject: "run:r", Kind: "k"})
		}
		must(t, l.ledger.Follow(t.Context(), records, strconv.Itoa(n)))
	}
	grow(300)
	key, err := l.ledger.Verifier()
	must(t, err)
	m := &monitor{l: l, key: key, read: map[string]bool{}}
	before := m.look()
	grow(66_000 - int(before.Size)) // a tile of the third level begins with the 65,536th entry
	m.look()
	if m.tree.Size != 66_000 {
		t.Fatalf("the log has %d entries", m.tree.Size)
	}
	for _, index := range []int64{0, 255, 256, 299, 65_535, 65_536, 65_999} {
		if err := m.included(index); err != nil {
			t.Errorf("entry %d: %v", index, err)
		}
	}
	proof, err := tlog.ProveTree(m.tree.Size, before.Size, m.hashes())
	must(t, err)
	if err := evidence.CheckGrowth(before, m.tree, proof); err != nil {
		t.Error(err)
	}
	for _, path := range []string{"tile/0/000", "tile/1/001.p/1", "tile/2/000.p/1", "tile/entries/000", "tile/entries/257.p/208"} {
		if !m.read[path] {
			t.Errorf("%s was not asked for", path)
		}
	}
	m.spoil = func(path string, data []byte) {
		if path == "tile/0/000" {
			data[40] ^= 1
		}
	}
	if err := m.included(0); err == nil {
		t.Error("a tile that was changed is believed")
	}
	for path, status := range map[string]int{
		"tile/0/x000/000": http.StatusBadRequest, // not its one form
		"tile/0/000.p/0":  http.StatusBadRequest, "tile/0/000.p/256": http.StatusBadRequest, "tile/64/000": http.StatusBadRequest,
		"tile/data/000": http.StatusBadRequest, "tile/0/0": http.StatusBadRequest, "tile/0/000/../001": http.StatusBadRequest,
		"tile/0/257": http.StatusNotFound, "tile/0/258.p/1": http.StatusNotFound, "tile/63/000": http.StatusNotFound,
		"tile/entries/257": http.StatusNotFound, "tile/entries/x999/x999/x999/x999/x999/999": http.StatusNotFound,
		"tile/0/257.p/7": http.StatusOK, "tile/0%2F257.p%2F7": http.StatusNotFound, "tile/0/257.p%2F7": http.StatusOK,
	} {
		if got := l.get("/v1/log/" + path).StatusCode; got != status {
			t.Errorf("%s: %d, want %d", path, got, status)
		}
	}
}
