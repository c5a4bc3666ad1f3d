package verify_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"wellspring/evidence"
	"wellspring/evidence/ledger"
	"wellspring/evidence/pack"
	"wellspring/lineage"
)

// lab is a small source of packages: one run with a chain of well states.
type lab struct {
	ledger  *ledger.Ledger
	states  int
	data    map[string][]byte // by position
	clock   func() time.Time
	keyFile string
}

// secret stands in personal data only.
const secret = "Ada Lovelace"

func newLab(t testing.TB, states, records int) *lab {
	t.Helper()
	b := openLab(t, states, nil)
	for range records {
		b.record(t)
		b.act(t, "declare")
	}
	return b
}

// openLab is a lab without entries; with a key it has that one.
func openLab(t testing.TB, states int, key []byte) *lab {
	t.Helper()
	dir := t.TempDir()
	// A clock that steps, so that every lab is the same.
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { at = at.Add(time.Millisecond); return at }
	b := &lab{states: states, data: map[string][]byte{}, clock: clock, keyFile: filepath.Join(dir, ledger.KeyFileName)}
	if key != nil {
		if err := os.WriteFile(b.keyFile, key, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := ledger.Open(context.Background(), filepath.Join(dir, ledger.FileName), ledger.Options{KeyFile: b.keyFile, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	b.ledger = l
	return b
}

// record enters one more record of the run.
func (b *lab) record(t testing.TB) {
	t.Helper()
	i := len(b.data)
	position := strconv.Itoa(i + 1)
	b.data[position] = []byte(fmt.Sprintf(`{"command": %d, "volume": %d.5}`, i, i%7))
	if i%3 == 2 {
		b.data[position] = []byte("well,value\nA1,0.5\n") // no JSON
	}
	err := b.ledger.Follow(context.Background(), []evidence.Record{{
		Position: position, AppendedAt: b.clock(), Subject: "run:r1", Kind: "k", Received: evidence.SHA256(b.data[position]), Data: b.data[position],
		Origin: evidence.Origin{Source: "/files/" + secret, ID: position},
	}}, position)
	if err != nil {
		t.Fatal(err)
	}
}

func (b *lab) act(t testing.TB, action string) {
	t.Helper()
	_, err := b.ledger.Append(context.Background(), evidence.Act{Action: action, Outcome: evidence.OutcomeDone, Subject: "run:r1",
		Details: evidence.Details{Who: evidence.Actor{Name: secret}, Reason: "mix-up"}})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *lab) Graph(_ context.Context, _ pack.Question, yield func(pack.Item) error) (pack.Verdict, error) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	give := func(id lineage.ID, kind lineage.Kind, name string, attributes lineage.Attributes) error {
		return yield(pack.Item{Node: &lineage.Node{ID: id, Kind: kind, Name: name, Attributes: attributes, CreatedAt: at}})
	}
	run := lineage.RunID("r1")
	if err := give(run, lineage.KindRun, "r1", lineage.Attributes{"run": "r1", "status": "succeeded", "startedAt": "2026-03-01T10:00:00Z", "completedAt": "2026-03-01T11:00:00Z"}); err != nil {
		return pack.Verdict{}, err
	}
	lot := lineage.LotID("PBS \"x\"\n")
	if err := give(lot, lineage.KindLot, "PBS \"x\"\n", lineage.Attributes{"lot": "PBS", "note": "from " + secret}); err != nil {
		return pack.Verdict{}, err
	}
	before := lot
	for i := range b.states {
		id := lineage.WellStateID("r1", "plate", "A1", strconv.Itoa(i))
		step := lineage.StepID("r1", strconv.Itoa(i))
		err := give(id, lineage.KindWellState, "plate A1", lineage.Attributes{"run": "r1", "labware": "plate", "well": "A1", "volumeUl": 10., "originFractions": []float64{1}, "incomplete": []string{}})
		if err == nil {
			err = give(step, lineage.KindStep, "transfer", lineage.Attributes{"run": "r1", "at": "2026-03-01T10:00:00Z"})
		}
		for _, e := range []lineage.Edge{
			{SourceID: before, TargetID: id, RelationshipType: lineage.DerivedFrom, TransformationID: step, Attributes: lineage.Attributes{"fraction": 1., "who": secret}},
			{SourceID: step, TargetID: id, RelationshipType: lineage.GeneratedBy},
			{SourceID: before, TargetID: step, RelationshipType: lineage.Used},
			{SourceID: run, TargetID: step, RelationshipType: lineage.PartOf},
			{SourceID: id, TargetID: before, RelationshipType: lineage.CarriedOver, TransformationID: step}, // by the tip, back into what it drew from
		} {
			if err == nil {
				e.CreatedAt = at
				err = yield(pack.Item{Edge: &e})
			}
		}
		if err != nil {
			return pack.Verdict{}, err
		}
		before = id
	}
	return pack.Verdict{Complete: true, Reasons: []string{}, Explanations: []string{}}, nil
}

// Past: the first state was another one until it was corrected, and derived from another lot.
func (b *lab) Past(_ context.Context, q pack.Question, nodes []lineage.ID) (past []lineage.Revision, err error) {
	at := time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC)
	until := at.Add(time.Hour)
	first := lineage.WellStateID("r1", "plate", "A1", "0")
	if until.After(q.AsOf) || !slices.Contains(nodes, first) {
		return nil, nil
	}
	return []lineage.Revision{
		{Node: &lineage.Node{ID: first, Kind: lineage.KindWellState, Name: "plate A1", Attributes: lineage.Attributes{"note": secret, "volumeUl": 9.}, CreatedAt: at}, CreatedAt: at, RetractedAt: &until},
		{Edge: &lineage.Edge{SourceID: lineage.LotID("other"), TargetID: first, RelationshipType: lineage.DerivedFrom, CreatedAt: at}, CreatedAt: at, RetractedAt: &until},
	}, nil
}

func (b *lab) Subject(context.Context, pack.Question) (string, error) { return "run:r1", nil }

func (b *lab) Entries(ctx context.Context, _ pack.Question, _ []string, size int64, yield func(evidence.Entry) error) error {
	for after := int64(0); ; {
		page, err := b.ledger.List(ctx, evidence.Query{After: after, Below: size, Limit: 1000})
		if err != nil {
			return err
		}
		for _, e := range page.Entries {
			if err := yield(e); err != nil {
				return err
			}
		}
		if after = page.Next; after == 0 {
			return nil
		}
	}
}

func (b *lab) Payload(_ context.Context, e evidence.Entry) ([]byte, error) {
	p, err := e.Read()
	return b.data[p.Position], err
}

// pack makes a package of all that there is.
func (b *lab) pack(t testing.TB, redact bool) []byte {
	t.Helper()
	return b.make(t, b.ledger.Size(), pack.Question{About: pack.AboutRun, Selector: "r1", AsOf: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), Redact: redact})
}

// packAt makes a package as of a time.
func (b *lab) packAt(t testing.TB, size int64, then time.Time) []byte {
	t.Helper()
	return b.make(t, size, pack.Question{About: pack.AboutRun, Selector: "r1", AsOf: then})
}

func (b *lab) make(t testing.TB, size int64, q pack.Question) []byte {
	t.Helper()
	var out bytes.Buffer
	if _, err := pack.Make(context.Background(), &out, pack.Options{Source: b, Log: b.ledger, LogSize: size, Temp: t.TempDir(), Question: q}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (b *lab) key() string {
	keys := b.ledger.Keys()
	return keys[len(keys)-1].Verifier
}

func hexes(hashes []tlog.Hash) []string {
	texts := make([]string, len(hashes))
	for i, h := range hashes {
		texts[i] = hex.EncodeToString(h[:])
	}
	return texts
}

func hashesOf(checkpoints ...evidence.Checkpoint) []tlog.Hash {
	var roots []tlog.Hash
	for _, c := range checkpoints {
		roots = append(roots, c.Root)
	}
	return roots
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
