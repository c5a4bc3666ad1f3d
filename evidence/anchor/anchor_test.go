package anchor_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"wellspring/evidence"
	"wellspring/evidence/anchor"
	"wellspring/evidence/ledger"
	"wellspring/internal/tsatest"
	"wellspring/lineage"
)

// open opens a ledger of a few entries. said is what its acts say.
func open(t *testing.T, dir, said string, entries int) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), filepath.Join(dir, ledger.FileName), ledger.Options{KeyFile: filepath.Join(dir, ledger.KeyFileName)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	grow(t, l, said, entries)
	return l
}

func grow(t *testing.T, l *ledger.Ledger, said string, entries int) {
	t.Helper()
	for range entries {
		if _, err := l.Append(t.Context(), evidence.Act{Action: "declare", Outcome: evidence.OutcomeDone, Details: evidence.Details{Reason: said}}); err != nil {
			t.Fatal(err)
		}
	}
}

func keeper(t *testing.T, l anchor.Log, o anchor.Options) (*anchor.Keeper, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewRegistry()
	o.Registry = registry
	if o.Every == 0 {
		o.Every = time.Hour
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	k, err := anchor.New(l, o)
	if err != nil {
		t.Fatal(err)
	}
	return k, registry
}

func place(t *testing.T, text string) anchor.Place {
	t.Helper()
	p, err := anchor.ParsePlace(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// witness serves a second instance's witness, as package api does.
func witness(t *testing.T, logs ...*ledger.Ledger) (*ledger.Witness, string) {
	t.Helper()
	dir := t.TempDir()
	var keys []string
	for _, l := range logs {
		keys = append(keys, l.Keys()[0].Verifier)
	}
	w, err := ledger.NewWitness(open(t, dir, "", 0), filepath.Join(dir, ledger.WitnessKeyFileName), keys)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s, err := evidence.ParseSubmission(body)
		line := ""
		if err == nil {
			line, err = w.Cosign(r.Context(), s)
		}
		var seen *evidence.SeenError
		switch {
		case errors.As(err, &seen):
			rw.WriteHeader(http.StatusConflict)
			line = strconv.FormatInt(seen.Size, 10) + "\n"
		case errors.Is(err, evidence.ErrUnproven):
			rw.WriteHeader(http.StatusUnprocessableEntity)
		case err != nil:
			rw.WriteHeader(http.StatusForbidden)
		}
		_, _ = io.WriteString(rw, line)
	}))
	t.Cleanup(server.Close)
	return w, server.URL
}

func witnessKey(t *testing.T, w *ledger.Witness) note.Verifier {
	t.Helper()
	v, err := evidence.ReadWitness(w.Key())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func leave(t *testing.T, k *anchor.Keeper, p anchor.Place) {
	t.Helper()
	if _, err := k.Leave(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

// opened are the anchors that a ledger keeps, checked.
func opened(t *testing.T, l *ledger.Ledger, trust evidence.Trust) []evidence.Anchored {
	t.Helper()
	anchors, _, err := l.Anchors(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := evidence.CheckChain(l.Origin(), l.Keys())
	if err != nil {
		t.Fatal(err)
	}
	var all []evidence.Anchored
	for _, a := range anchors {
		_, found, err := a.Open(l.Origin(), keys, trust)
		if err != nil {
			t.Errorf("%s %s: %v", a.Kind, a.Place, err)
		}
		all = append(all, found)
	}
	return all
}

func TestFile(t *testing.T) {
	l := open(t, t.TempDir(), "x", 3)
	path := filepath.Join(t.TempDir(), "checkpoints")
	k, _ := keeper(t, l, anchor.Options{})
	p := place(t, "file="+path)
	leave(t, k, p)
	leave(t, k, p) // nothing new
	grow(t, l, "x", 2)
	leave(t, k, p)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	checkpoints, err := evidence.SplitCheckpoints(text)
	if err != nil || len(checkpoints) != 2 {
		t.Fatalf("%d checkpoints, %v, in:\n%s", len(checkpoints), err, text)
	}
	keys, _ := evidence.CheckChain(l.Origin(), l.Keys())
	for i, want := range []int64{3, 5} {
		if c, err := evidence.OpenCheckpoint(checkpoints[i], l.Origin(), keys); err != nil || c.Size != want {
			t.Errorf("checkpoint %d: %+v %v", i, c, err)
		}
	}
	if found := opened(t, l, evidence.Trust{}); len(found) != 2 || found[1].Size != 5 || found[1].Trusted {
		t.Errorf("%+v", found)
	}
	if _, err := k.Leave(t.Context(), place(t, "file=/nowhere/at/all")); lineage.KindOf(err) != lineage.ErrorUnavailable {
		t.Errorf("a file that can't be written: %v", err)
	}
}

func TestWebhook(t *testing.T) {
	l := open(t, t.TempDir(), "x", 3)
	var got []byte
	status := http.StatusNoContent
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, _ = io.ReadAll(r.Body)
		w.Header().Set("Location", "http://127.0.0.1:1/secrets")
		w.WriteHeader(status)
	}))
	defer server.Close()
	k, _ := keeper(t, l, anchor.Options{})
	p := place(t, "webhook="+server.URL+"/hook")
	leave(t, k, p)
	if want, _ := l.CheckpointAt(t.Context(), 3); !bytes.Equal(got, want) {
		t.Errorf("it got %s", got)
	}
	grow(t, l, "x", 1)
	for _, status = range []int{http.StatusFound, http.StatusTemporaryRedirect, http.StatusForbidden, http.StatusInternalServerError} {
		if _, err := k.Leave(t.Context(), p); lineage.KindOf(err) != lineage.ErrorUnavailable || !strings.Contains(err.Error(), strconv.Itoa(status)) {
			t.Errorf("status %d: %v", status, err)
		}
	}
	if found := opened(t, l, evidence.Trust{}); len(found) != 1 {
		t.Errorf("a checkpoint that was not taken is said to be there: %+v", found)
	}
}

// What fails is tried again until it is there.
func TestTriedAgain(t *testing.T) {
	l := open(t, t.TempDir(), "x", 3)
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	p := place(t, "webhook="+server.URL)
	k, _ := keeper(t, l, anchor.Options{Places: []anchor.Place{p}, Every: time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	ended := make(chan error, 1)
	go func() { ended <- k.Run(ctx) }()
	for size := int64(0); size < 3; {
		var err error
		if size, err = l.AnchoredAt(ctx, p.Kind, p.Address); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-ended; err != nil || asked.Load() != 3 {
		t.Errorf("asked %d times: %v", asked.Load(), err)
	}
}

func TestWitness(t *testing.T) {
	l := open(t, t.TempDir(), "x", 3)
	w, url := witness(t, l)
	p := place(t, "witness="+url)
	k, _ := keeper(t, l, anchor.Options{Witnesses: []note.Verifier{witnessKey(t, w)}})
	leave(t, k, p)
	grow(t, l, "x", 4)
	leave(t, k, p)
	trust := evidence.Trust{Witnesses: []note.Verifier{witnessKey(t, w)}}
	found := opened(t, l, trust)
	if len(found) != 2 || found[1].Size != 7 || !found[1].Trusted || found[1].By != witnessKey(t, w).Name() || time.Since(found[1].At) > time.Hour {
		t.Errorf("%+v", found)
	}
	if faults := trust.Missing(found); len(faults) != 0 {
		t.Errorf("%v", faults)
	}
	other, _ := witness(t)
	trust.Witnesses = append(trust.Witnesses, witnessKey(t, other))
	if faults := trust.Missing(found); len(faults) != 1 {
		t.Errorf("a witness that did not sign is not missed: %v", faults)
	}
	// A witness whose key was not named convinces nobody.
	grow(t, l, "x", 1)
	k, _ = keeper(t, l, anchor.Options{})
	if _, err := k.Leave(t.Context(), p); err == nil {
		t.Error("a cosignature of a stranger was taken")
	}
	// It goes on from what the witness has seen meanwhile.
	grow(t, l, "x", 1)
	k, _ = keeper(t, l, anchor.Options{Witnesses: trust.Witnesses})
	leave(t, k, p)
}

// A log that was rewritten and signed again, with the stolen key, is refused by
// the witness, and whoever watches the metrics is told.
func TestWitnessSeesARewrittenLog(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, "said", 5)
	w, url := witness(t, l)
	p := place(t, "witness="+url)
	options := anchor.Options{Places: []anchor.Place{p}, Witnesses: []note.Verifier{witnessKey(t, w)}}
	k, _ := keeper(t, l, options)
	leave(t, k, p)
	stolen, err := os.ReadFile(filepath.Join(dir, ledger.KeyFileName))
	if err != nil {
		t.Fatal(err)
	}
	for name, entries := range map[string]int{"shorter": 3, "as long": 5, "longer": 9} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, ledger.KeyFileName), stolen, 0o600); err != nil {
				t.Fatal(err)
			}
			forged := open(t, dir, "said otherwise", entries)
			log := &firstLine{}
			o := options
			o.Logger = slog.New(slog.NewTextHandler(log, nil))
			k, registry := keeper(t, forged, o)
			if _, err := k.Leave(t.Context(), p); lineage.KindOf(err) != lineage.ErrorConflict {
				t.Errorf("the witness took it: %v", err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			log.then = cancel
			if err := k.Run(ctx); err != nil {
				t.Error(err)
			}
			metrics, err := registry.Gather()
			if err != nil {
				t.Fatal(err)
			}
			told := false
			for _, family := range metrics {
				for _, m := range family.Metric {
					for _, label := range m.Label {
						told = told || family.GetName() == "wellspring_anchor_failing" && label.GetValue() == "contradicted" && m.Gauge.GetValue() == 1
					}
				}
			}
			if !told {
				t.Errorf("nobody is told: %v", metrics)
			}
			if !strings.Contains(log.String(), "ANOTHER EVIDENCE LOG") {
				t.Errorf("the log says %s", log.String())
			}
		})
	}
	seen, err := w.Seen(t.Context())
	if err != nil || len(seen) != 1 || seen[0].Size != 5 {
		t.Errorf("the witness saw %+v, %v", seen, err)
	}
}

// firstLine calls then once something is logged.
type firstLine struct {
	bytes.Buffer
	then func()
}

func (f *firstLine) Write(p []byte) (int, error) {
	defer f.then()
	return f.Buffer.Write(p)
}

// A stranger, or a log that nobody named, gets no signature.
func TestWitnessRefuses(t *testing.T) {
	l, stranger := open(t, t.TempDir(), "x", 3), open(t, t.TempDir(), "x", 3)
	w, _ := witness(t, l)
	note, err := l.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := stranger.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(note), "\n\n")
	signed, err := stranger.SignText(text + "\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]evidence.Submission{
		"an unknown log":        {Checkpoint: foreign},
		"a stranger's key":      {Checkpoint: signed},
		"nothing":               {},
		"an old size too large": {Old: 4, Checkpoint: note},
		"an old size unseen":    {Old: 2, Checkpoint: note},
		"a proof from nothing":  {Checkpoint: note, Proof: []tlog.Hash{{1}}},
	} {
		if line, err := w.Cosign(t.Context(), s); err == nil || line != "" {
			t.Errorf("%s: %q", name, line)
		}
	}
	for _, text := range []string{"", "old", "old x\n\n", "old -1\n\n", "old 1\nxx\n\n", "old 1\n" + strings.Repeat("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", 64) + "\n"} {
		if s, err := evidence.ParseSubmission([]byte(text)); err == nil {
			t.Errorf("%q was read as %+v", text, s)
		}
	}
}

func TestTimestamp(t *testing.T) {
	tsa := tsatest.New(t)
	roots := readRoots(t, tsa.Roots)
	l := open(t, t.TempDir(), "x", 3)
	p := place(t, "timestamp="+tsa.URL)
	k, _ := keeper(t, l, anchor.Options{Roots: roots.Roots})
	leave(t, k, p)
	found := opened(t, l, roots)
	if len(found) != 1 || !found[0].Trusted || found[0].By != "Test authority" || time.Since(found[0].At) > time.Hour {
		t.Fatalf("%+v", found)
	}
	if found := opened(t, l, evidence.Trust{}); found[0].Trusted || found[0].At.IsZero() {
		t.Errorf("%+v", found)
	}
	anchors, _, _ := l.Anchors(t.Context(), 0, 10)
	keys, _ := evidence.CheckChain(l.Origin(), l.Keys())
	a := anchors[0]
	t.Run("openssl", func(t *testing.T) { opensslTakes(t, a, tsa.Roots) })

	grow(t, l, "x", 1)
	stranger := tsatest.New(t)
	if _, err := k.Leave(t.Context(), place(t, "timestamp="+stranger.URL)); err == nil {
		t.Error("a timestamp of an unknown authority was taken")
	}
	later, err := l.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	moved := a
	moved.Checkpoint = string(later)
	for name, trust := range map[string]evidence.Trust{"with roots": roots, "without": {}, "with others": readRoots(t, stranger.Roots)} {
		if _, _, err := moved.Open(l.Origin(), keys, trust); err == nil {
			t.Errorf("%s: a timestamp of another checkpoint was taken", name)
		}
	}
	// No byte of the token can be changed without it being found or the same being proven.
	for i := range a.Token {
		changed := a
		changed.Token = bytes.Clone(a.Token)
		changed.Token[i] ^= 1
		if _, found2, err := changed.Open(l.Origin(), keys, roots); err == nil && !found2.At.Equal(found[0].At) {
			t.Errorf("byte %d changed: it says %v", i, found2.At)
		}
	}
}

func readRoots(t *testing.T, file string) evidence.Trust {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	roots, err := evidence.ReadRoots(text)
	if err != nil {
		t.Fatal(err)
	}
	return evidence.Trust{Roots: roots}
}

// opensslTakes holds an anchor against a program of others'.
func opensslTakes(t *testing.T, a evidence.Anchor, roots string) {
	dir := t.TempDir()
	data, reply := filepath.Join(dir, "checkpoint"), filepath.Join(dir, "reply.tsr")
	for name, text := range map[string][]byte{data: []byte(a.Checkpoint), reply: a.Token} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := exec.Command("openssl", "ts", "-verify", "-data", data, "-in", reply, "-CAfile", roots).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestPlaces(t *testing.T) {
	for text, want := range map[string]bool{
		"file=/media/vault/x": true, "webhook=https://hooks.example/x": true, "witness=http://127.0.0.1:7117/v1/witness": true, "timestamp=http://tsa.example": true,
		"file=relative": false, "file=": false, "webhook=http://hooks.example/x": false, "witness=http://w.example": false, "webhook=ftp://x": false,
		"webhook=https://u:p@hooks.example": false, "webhook=https://hooks.example/?token=x": false, "timestamp=https://tsa.example#x": false,
		"mail=x": false, "": false, "https://x": false, "webhook=https://": false, "webhook=https://a\r\nb": false,
	} {
		if _, err := anchor.ParsePlace(text); (err == nil) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Nothing is sent to where clouds keep their secrets, whatever name leads there.
func TestNoAddressOfTheLink(t *testing.T) {
	l := open(t, t.TempDir(), "x", 1)
	k, _ := keeper(t, l, anchor.Options{})
	for _, address := range []string{"https://169.254.169.254/latest", "https://[fe80::1]/x", "https://0.0.0.0/x", "https://[::ffff:169.254.169.254]/x", "https://224.0.0.1/"} {
		_, err := k.Leave(t.Context(), place(t, "webhook="+address))
		if err == nil || !strings.Contains(err.Error(), "no address that a checkpoint is sent to") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
