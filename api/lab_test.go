package api_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"golang.org/x/mod/sumdb/tlog"

	"wellspring/access"
	"wellspring/api"
	"wellspring/etl"
	"wellspring/etl/statesqlite"
	"wellspring/evidence"
	"wellspring/evidence/ledger"
	"wellspring/evidence/pack"
	"wellspring/examples"
	"wellspring/graphstore"
	graphsqlite "wellspring/graphstore/sqlite"
	"wellspring/ingest/intake"
	journalsqlite "wellspring/ingest/journal/sqlite"
	"wellspring/lineage"
	"wellspring/query"
	"wellspring/query/querytest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"),
		goleak.IgnoreTopFunction("internal/poll.runtime_pollWait"))
}

// lab is a whole service behind the interface: a journal, a pipeline and a
// graph on disk.
type lab struct {
	t        testing.TB
	base     string
	store    graphstore.Store
	journal  *journalsqlite.Journal
	pipeline *etl.Pipeline
	ledger   *ledger.Ledger
	log      *safeBuffer
	access   api.Access
	notReady atomic.Bool
}

// settings of a lab may be left zero.
type settings struct {
	limits  api.Limits
	store   func(graphstore.Store) graphstore.Store // around the store that is asked
	graph   graphstore.Store                        // instead of SQLite
	letters func(api.Letters) api.Letters           // around the dead letters
	access  api.Access                              // nil: everybody is let in

	evidence entries // instead of a ledger
}

// proof is what proves who signs.
const proof = "proof-8c1f02"

// everybody is let in.
type everybody struct{}

func (everybody) Identify(*http.Request) (access.Principal, error) { return access.Local(), nil }

func (everybody) Reprove(_ *http.Request, _ access.Principal, credential string) (time.Time, error) {
	if credential != proof {
		return time.Time{}, &lineage.Error{Op: "prove who signs", Kind: lineage.ErrorForbidden, ID: "credential", Hint: "it is none"}
	}
	return time.Now(), nil
}

func newLab(t testing.TB, set settings) *lab {
	t.Helper()
	dir := t.TempDir()
	l := &lab{t: t, log: &safeBuffer{}}
	logger := slog.New(slog.NewJSONHandler(l.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ctx := context.Background()

	var err error
	l.journal, err = journalsqlite.Open(dir, journalsqlite.Options{Logger: logger})
	must(t, err)
	t.Cleanup(func() { must(t, l.journal.Close()) })
	states, err := statesqlite.Open(ctx, filepath.Join(dir, "state.db"))
	must(t, err)
	t.Cleanup(func() { must(t, states.Close()) })
	l.store = set.graph
	if l.store == nil {
		l.store, err = graphsqlite.Open(ctx, filepath.Join(dir, "graph.db"), graphsqlite.Options{})
		must(t, err)
		t.Cleanup(func() { must(t, l.store.Close(ctx)) })
	}

	keys, err := access.OpenKeys(ctx, filepath.Join(dir, "access.db"), time.Now)
	must(t, err)
	t.Cleanup(func() { must(t, keys.Close()) })
	l.access = set.access
	if l.access == nil {
		l.access = everybody{}
	}

	registry := prometheus.NewRegistry()
	l.pipeline, err = etl.New(etl.Config{
		Journal: l.journal, DeadLetters: l.journal, Store: l.store, States: states, CodeVersion: "test",
		Retry: etl.Retry{Tries: 1, Wait: time.Millisecond}, Logger: logger, Metrics: etl.NewMetrics(registry),
	})
	must(t, err)
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- l.pipeline.Run(running) }()
	t.Cleanup(func() {
		stop()
		must(t, <-ended)
	})

	if set.evidence == nil {
		log, err := ledger.Open(ctx, filepath.Join(dir, ledger.FileName), ledger.Options{KeyFile: filepath.Join(dir, ledger.KeyFileName)})
		must(t, err)
		t.Cleanup(func() { must(t, log.Close()) })
		set.evidence, l.ledger = log, log
	}
	asked := l.store
	if set.store != nil {
		asked = set.store(asked)
	}
	var dead api.Letters = letters{l.journal, l.pipeline}
	if set.letters != nil {
		dead = set.letters(dead)
	}
	var witness api.Cosigner
	if l.ledger != nil { // of its own log
		witness, err = ledger.NewWitness(l.ledger, filepath.Join(dir, ledger.WitnessKeyFileName), []string{l.ledger.Keys()[0].Verifier})
		must(t, err)
	}
	handler, err := api.New(api.Options{
		Query:    query.New(asked),
		Intake:   door{intake.New(l.journal, intake.Options{Logger: logger})},
		Pipeline: pipeline{states, l.pipeline},
		Letters:  dead,
		Upkeep:   &keeper{},
		Access:   l.access, Keys: keys,
		Evidence: notes{set.evidence}, Exports: &shelf{}, Witness: witness, Webhooks: hooks{}, Signatures: signatures{},
		Ready: func(context.Context) error {
			if l.notReady.Load() {
				return errors.New("the disk is full")
			}
			return nil
		},
		Gatherer: registry, Logger: logger, Limits: set.limits, Version: "test",
	})
	must(t, err)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	l.base = server.URL
	return l
}

// hooks are one webhook.
type hooks struct{}

func (hooks) States(context.Context) ([]api.WebhookState, error) {
	return []api.WebhookState{{Name: "lims", To: "https://lims.lab", Kinds: []string{"run.failed"}, State: api.Failing, Error: "refused", Waiting: 3, OldestAt: time.Now(),
		Next:   []api.WebhookNotice{{ID: "n2", Kind: "run.failed", Subject: "run:r", MadeAt: time.Now(), Tries: 1, DueAt: time.Now()}},
		Latest: []api.WebhookTry{{ID: "n2", Kind: "run.failed", Subject: "run:r", At: time.Now(), Seconds: 0.5, Problem: "refused"}}}}, nil
}

func (hooks) Test(_ context.Context, name string) (api.WebhookTested, error) {
	if name != "lims" {
		return api.WebhookTested{}, lineage.NotFound("test webhook", name, "use another name")
	}
	return api.WebhookTested{ID: "1", Seconds: 0.25, Status: 503, Problem: "it is away"}, nil
}

// filled is a lab with the hand-written history of querytest.
func filled(t testing.TB, set settings) *lab {
	l := newLab(t, set)
	querytest.Fill(t, l.store)
	return l
}

// entries is what a ledger can do without a journal.
type entries interface {
	Append(ctx context.Context, act evidence.Act) (evidence.Receipt, error)
	List(ctx context.Context, q evidence.Query) (evidence.Page, error)
	Size() int64
	CheckpointAt(ctx context.Context, size int64) ([]byte, error)
	Keys() []evidence.Key
	Prove(ctx context.Context, index, size int64) ([]tlog.Hash, error)
	ProveGrowth(ctx context.Context, from, to int64) ([]tlog.Hash, error)
	Tile(ctx context.Context, tile tlog.Tile) ([]byte, error)
	Rotate(ctx context.Context) (evidence.Key, error)
	Anchors(ctx context.Context, after int64, limit int) ([]evidence.Anchor, int64, error)
}

// notes is a ledger that follows no journal.
type notes struct{ entries }

func (notes) InJournal(context.Context, evidence.Entry) (string, error) { return "missing", nil }

// signatures are one, of index 1.
type signatures struct{}

func (signatures) Find(_ context.Context, q pack.Question) (pack.Question, error) {
	if q.Selector == "nowhere" {
		return q, lineage.NotFound("sign", q.Selector, "there is none")
	}
	return q, q.Validate()
}

func (signatures) Sign(_ context.Context, q pack.Question, meaning string, d evidence.Details) (evidence.Signature, error) {
	return evidence.Signature{
		Index: 1, Subject: "run:" + q.Selector, Who: d.Who, Reason: d.Reason, Proved: d.ProvedAt, State: evidence.SignatureValid,
		Signed: evidence.Signed{About: q.About, Selector: q.Selector, Meaning: meaning, Answer: evidence.Answer{LineageSHA256: "ab", Nodes: 1}},
	}, nil
}

func (s signatures) List(ctx context.Context, q pack.Question, _ int64, limit int) ([]evidence.Signature, int64, error) {
	one, err := s.Sign(ctx, pack.Question{About: pack.AboutRun, Selector: cmp.Or(q.Selector, "r1")}, evidence.MeaningReviewed, evidence.Details{Reason: "checked"})
	return []evidence.Signature{one}, int64(limit), err
}

func (s signatures) Since(ctx context.Context, index int64) (evidence.Signature, []pack.Change, int64, error) {
	one, _, err := s.List(ctx, pack.Question{}, 0, 1)
	if index != 1 {
		return one[0], nil, 0, lineage.NotFound("show signature", "2", "there is one")
	}
	node := lineage.Node{Kind: lineage.KindLot, Name: "PBS"}
	return one[0].Against(evidence.Answer{LineageSHA256: "cd"}), []pack.Change{{Change: pack.Added, Now: &pack.Item{Node: &node}}}, 1, err
}

// shelf holds one export, whose package is four bytes.
type shelf struct{ asked pack.Question }

func (s *shelf) one() pack.Export {
	x := pack.Export{ID: "x1", State: pack.StateDone, Question: s.asked, Bytes: 4, SHA256: evidence.SHA256([]byte("pack"))}
	x.Question.About = cmp.Or(x.Question.About, pack.AboutRun)
	if x.Question.Selector == "slow" {
		x.State = pack.StateWaiting
	}
	return x
}

func (s *shelf) Start(_ context.Context, q pack.Question, _ evidence.Actor) (pack.Export, error) {
	s.asked = q
	return s.one(), q.Validate()
}

func (s *shelf) Wait(ctx context.Context, id string) (pack.Export, error) { return s.Get(ctx, id) }

func (s *shelf) Get(_ context.Context, id string) (pack.Export, error) {
	if id != "x1" {
		return pack.Export{}, lineage.NotFound("show export", id, "ask again")
	}
	return s.one(), nil
}

func (s *shelf) List(context.Context) ([]pack.Export, error) { return []pack.Export{s.one()}, nil }

func (s *shelf) Open(ctx context.Context, id string) (io.ReadSeekCloser, pack.Export, error) {
	x, err := s.Get(ctx, id)
	return file{bytes.NewReader([]byte("pack"))}, x, err
}

type file struct{ *bytes.Reader }

func (file) Close() error { return nil }

type door struct{ intake *intake.Intake }

func (d door) Accept(ctx context.Context, messages ...api.Message) ([]api.Receipt, error) {
	taken := make([]intake.Message, len(messages))
	for i, m := range messages {
		taken[i] = intake.Message{Door: "http", Payload: m.Payload, Type: m.Type, Policy: intake.Strict}
	}
	receipts, err := d.intake.Accept(ctx, taken...)
	if err != nil {
		return nil, err
	}
	answer := make([]api.Receipt, len(receipts))
	for i, r := range receipts {
		answer[i] = api.Receipt{Source: r.Source, ID: r.ID, Subject: r.Subject, Position: r.Position, Duplicate: r.Duplicate}
	}
	return answer, nil
}

type pipeline struct {
	*statesqlite.States
	*etl.Pipeline
}

type letters struct {
	*journalsqlite.Journal
	*etl.Pipeline
}

// reply is an answer, read to its end.
type reply struct {
	*http.Response
	body []byte
}

// do sends a request; headers are name, value, name, value.
func (l *lab) do(method, path string, body []byte, headers ...string) reply {
	l.t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, l.base+path, bytes.NewReader(body))
	must(l.t, err)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	must(l.t, err)
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) { // an answer that broke off
		must(l.t, err)
	}
	return reply{response, read}
}

func (l *lab) get(path string, headers ...string) reply {
	l.t.Helper()
	return l.do(http.MethodGet, path, nil, headers...)
}

// read asks for JSON and reads it into a value.
func read[T any](l *lab, path string) T {
	l.t.Helper()
	var into T
	answer := l.get(path)
	if answer.StatusCode != http.StatusOK {
		l.t.Fatalf("GET %s: %s\n%s", path, answer.Status, answer.body)
	}
	if err := json.Unmarshal(answer.body, &into); err != nil {
		l.t.Fatalf("GET %s: %v\n%s", path, err, answer.body)
	}
	return into
}

// send imports a document and waits until all that follows from it is done.
func (l *lab) send(document []byte) reply {
	l.t.Helper()
	answer := l.do(http.MethodPost, "/v1/runs?wait=30", document, "Content-Type", "application/octet-stream")
	if answer.StatusCode != http.StatusOK {
		l.t.Fatalf("import: %s\n%s", answer.Status, answer.body)
	}
	must(l.t, l.pipeline.Quiet(l.t.Context()))
	return answer
}

// example imports files of the examples.
func (l *lab) example(names ...string) {
	l.t.Helper()
	for _, name := range names {
		document, err := fs.ReadFile(examples.Files, name)
		must(l.t, err)
		l.send(document)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// safeBuffer is a log that several goroutines write.
type safeBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
