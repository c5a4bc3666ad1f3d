package web

import (
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"wellspring/access"
	"wellspring/etl"
	"wellspring/ingest/journal"
	"wellspring/lineage"
	"wellspring/query"
)

// Query is what the pages ask of the graph. *query.Service answers it.
type Query interface {
	Resolve(ctx context.Context, selector string, asOf time.Time) (lineage.Node, error)
	Suggest(ctx context.Context, typed string, limit int) (query.Suggestions, error)
	RunsNamed(ctx context.Context, names []string) ([]lineage.Node, error)
	Plate(ctx context.Context, selector string, asOf time.Time) (query.Plate, error)
	WellAt(ctx context.Context, selector string, at, asOf time.Time) (query.Well, error)
	Experiments(ctx context.Context, after lineage.Cursor, limit int, asOf time.Time) (query.Experiments, error)
	ExperimentsOf(ctx context.Context, things []lineage.ID, asOf time.Time) ([]lineage.Node, error)
	Experiment(ctx context.Context, selector string, asOf time.Time) (query.Experiment, error)
	Run(ctx context.Context, selector string, asOf time.Time) (query.Run, error)
	RunGraph(ctx context.Context, selector string, asOf time.Time) (query.Part, error)
	Node(ctx context.Context, id lineage.ID, asOf time.Time) (query.Node, error)
	History(ctx context.Context, id lineage.ID) ([]lineage.Revision, error)
	Start(ctx context.Context, selector string, span query.Span, asOf time.Time) (query.Start, error)
	Trace(ctx context.Context, ask query.Ask) (query.Answer, error)
	Summarize(ctx context.Context, ask query.SummaryAsk) (query.Summary, error)
	DiffRuns(ctx context.Context, from, to string, limit int) (query.Diff, error)
	DiffPlan(ctx context.Context, selector string, limit int) (query.Diff, error)
}

// Pipeline tells how far the processing is.
type Pipeline interface {
	Get(ctx context.Context, owner lineage.Owner) (etl.Processing, error)
	List(ctx context.Context, q etl.StatesQuery) (etl.StatesPage, error)
}

// Letters are the dead letters.
type Letters interface {
	Letters(ctx context.Context, after string, limit int) ([]journal.DeadLetter, error)
	Letter(ctx context.Context, id string) (journal.DeadLetter, error)
}

// Access finds out who sends a request.
type Access interface {
	Identify(r *http.Request) (access.Principal, error)
}

// Setting is one line of the configuration in force, secrets masked.
type Setting struct {
	Name, Value, Help string
}

// Options is what the pages are made of. All but Logger must be there.
type Options struct {
	Query    Query
	Pipeline Pipeline
	Letters  Letters
	Access   Access
	// API is the REST interface of this process, which does all writing.
	API http.Handler
	// Status says which HTTP status an error has.
	Status    func(error) int
	Version   string
	Settings  []Setting
	Modules   []Module
	GoVersion string
	Logger    *slog.Logger
}

//go:embed templates/*.html
var templateFiles embed.FS

// Pages serves the pages.
type Pages struct {
	Options
	mux       *http.ServeMux
	checking  chan struct{} // packages that are checked now
	templates map[string]*template.Template
	assets    assets
}

// New returns the pages.
func New(options Options) (*Pages, error) {
	const op = "make pages"
	for name, there := range map[string]bool{
		"Query": options.Query != nil, "Pipeline": options.Pipeline != nil, "Letters": options.Letters != nil,
		"API": options.API != nil, "Status": options.Status != nil, "Access": options.Access != nil,
	} {
		if !there {
			return nil, lineage.Invalid(op, name, "it must be there")
		}
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Pages{Options: options, mux: http.NewServeMux(), checking: make(chan struct{}, mostChecked)}
	var err error
	if p.assets, err = readAssets(); err != nil {
		return nil, err
	}
	if p.templates, err = parseTemplates(p.assets); err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInternal, Err: err}
	}
	p.routes()
	return p, nil
}

func (p *Pages) routes() {
	p.mux.HandleFunc("GET /assets/", p.assets.serve)
	for pattern, page := range map[string]func(*http.Request) (view, error){
		"GET /{$}":         p.home,
		"GET /search":      p.search,
		"GET /plate":       p.plate,
		"GET /well":        p.well,
		"GET /run":         p.run,
		"GET /experiments": p.experiments,
		"GET /experiment":  p.experiment,
		"GET /impact":      p.impact,
		"GET /compare":     p.compare,
		"GET /processing":  p.processing,
		"GET /deadletter":  p.letter,
		"GET /declare":     p.declareForm,
		"GET /sign":        p.signForm,
		"GET /about":       p.about,
		"GET /robots":      p.robots,
		"GET /webhooks":    p.webhooks,
		"GET /node":        p.node,
	} {
		p.mux.HandleFunc(pattern, p.render(p.admit(access.Viewer, "pages", page)))
	}
	for pattern, page := range map[string]func(*http.Request) (view, error){
		"GET /audit":         p.audit,
		"GET /export":        p.exported,
		"POST /export":       p.export,
		"POST /audit/verify": p.verify,
	} {
		p.mux.HandleFunc(pattern, p.render(p.admit(access.Auditor, "pages", page)))
	}
	for pattern, page := range map[string]func(*http.Request) (view, error){
		"POST /deadletter/retry": p.retry,
		"POST /deadletter/drop":  p.drop,
		"POST /declare/preview":  p.preview,
		"POST /declare":          p.declare,
		"POST /sign":             p.sign,
		"POST /webhooks/test":    p.testWebhook,
	} {
		// The REST interface, which they go on to, says who may.
		p.mux.HandleFunc(pattern, p.render(p.admit(access.Viewer, "pages", page)))
	}
	for pattern, data := range map[string]func(*http.Request) (any, error){
		"GET /suggest": p.suggest,
		"GET /graph":   p.graph,
	} {
		p.mux.HandleFunc(pattern, p.json(func(r *http.Request) (any, error) {
			r, err := p.identify(r, access.Viewer, "pages")
			if err != nil {
				return nil, err
			}
			return data(r)
		}))
	}
	p.mux.HandleFunc("/", p.render(p.admit(access.Viewer, "pages", func(r *http.Request) (view, error) {
		return view{}, lineage.NotFound("find page", r.URL.Path, "the pages are listed at the top of each; GET /openapi.yaml lists what programs can ask")
	})))
}

// ServeHTTP serves a page, what belongs to it, or an error as a page.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store") // who comes after a logout finds nothing
	p.mux.ServeHTTP(w, r)
}
