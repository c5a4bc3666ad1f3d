package neo4j

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// ArgumentsFile is the file of an export that tells neo4j-admin all the others.
const ArgumentsFile = "import.args"

// Exported counts what an export wrote.
type Exported struct {
	Owners int `json:"owners"`
	Nodes  int `json:"nodes"`
	Edges  int `json:"edges"`
	Files  int `json:"files"`
}

// Export writes what a store holds now into a folder, which must be empty or not
// there, as files for
//
//	neo4j-admin database import full neo4j @import.args
//
// run in that folder. The database that this makes is as if a Store had written it: the
// same nodes and edges with the same times, owners and manifests; constraints and
// indexes are made when it is opened. What was retracted or said otherwise before is not
// in it: a store tells that one node at a time. Lists of nothing, which no pipeline
// writes, are refused, as the files have no way to say them.
//
// It holds the parts of one owner a processor in memory, and of each row eight bytes. The
// folder takes up to twice the room of the files while it works. Nobody may write to the source meanwhile: an
// owner that changes between two reads may leave an edge without an end, which
// neo4j-admin then refuses.
func Export(ctx context.Context, source graphstore.Store, dir string) (Exported, error) {
	return export(ctx, parts(ctx, source), dir)
}

// parts are the parts of all owners.
func parts(ctx context.Context, source graphstore.Store) iter.Seq2[lineage.Projection, error] {
	const page = 1000
	return func(yield func(lineage.Projection, error) bool) {
		var after lineage.Owner
		for {
			owners, err := source.Owners(ctx, after, page)
			if err != nil {
				yield(lineage.Projection{}, err)
				return
			}
			for _, owner := range owners {
				if p, err := source.Owned(ctx, owner); !yield(p, err) || err != nil {
					return
				}
				after = owner
			}
			if len(owners) < page {
				return
			}
		}
	}
}

func export(ctx context.Context, parts iter.Seq2[lineage.Projection, error], dir string) (Exported, error) {
	const op = "export"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Exported{}, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: dir, Hint: "name a folder that can be written", Err: err}
	}
	if there, err := os.ReadDir(dir); err != nil || len(there) > 0 {
		return Exported{}, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: dir, Hint: "name a folder that is empty or not there", Err: err}
	}
	pack, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return Exported{}, err
	}
	e := &exporter{dir: dir, tables: map[string]*table{}, pack: pack}
	if err := e.parts(ctx, parts); err != nil {
		return Exported{}, exportError(dir, err)
	}
	if err := e.finish(); err != nil {
		return Exported{}, exportError(dir, err)
	}
	e.count.Files = len(e.tables)
	return e.count, nil
}

// exportError says what failed, unless the error does.
func exportError(dir string, err error) error {
	if _, known := errors.AsType[*lineage.Error](err); known {
		return err
	}
	return &lineage.Error{Op: "export", Kind: lineage.ErrorInternal, ID: dir, Hint: "see that the disk has room", Err: err}
}

// An exporter writes tables: one for each set of things that have the same
// labels or type, and the same attributes of the same types. Several owners' parts
// may be written at once.
type exporter struct {
	dir  string
	pack *zstd.Encoder

	mu     sync.Mutex // of what follows
	tables map[string]*table
	count  Exported
}

// parts writes all parts: one is read while those before are written, by as many
// processors as there are.
func (e *exporter) parts(ctx context.Context, parts iter.Seq2[lineage.Projection, error]) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for p, err := range parts {
		if err != nil {
			return errors.Join(group.Wait(), err)
		}
		if ctx.Err() != nil {
			break
		}
		e.count.Owners++
		group.Go(func() error { return e.part(p) })
	}
	return group.Wait()
}

// part writes one owner's part.
func (e *exporter) part(p lineage.Projection) error {
	if strings.Contains(string(p.Owner), arrayDelimiter) {
		return unwritable("owner "+string(p.Owner), "its name")
	}
	var row fields
	var last time.Time
	for _, n := range p.Nodes {
		if n.CreatedAt.After(last) {
			last = n.CreatedAt
		}
		row.Reset()
		row.text(n.ID.String())
		row.text(n.Name)
		row.time(n.CreatedAt)
		if err := e.thing(p.Owner, n.Attributes, &row, "nodes", "Lineage:"+labels(n.Kind), "id:ID", propName, propCreatedAt+":datetime"); err != nil {
			return fmt.Errorf("node %s: %w", n.ID, err)
		}
	}
	for _, edge := range p.Edges {
		if edge.CreatedAt.After(last) {
			last = edge.CreatedAt
		}
		row.Reset()
		row.text(edge.TargetID.String())
		row.text(edge.SourceID.String())
		row.text(edge.TransformationID.String())
		row.time(edge.CreatedAt)
		err := e.thing(p.Owner, edge.Attributes, &row, "relationships", string(edge.RelationshipType), ":START_ID", ":END_ID", propTransformation, propCreatedAt+":datetime")
		if err != nil {
			return fmt.Errorf("edge %s: %w", graphstore.KeyString(edge.Key()), err)
		}
	}
	return e.manifest(p, last)
}

// thing writes a node or an edge: its first columns, then its attributes.
func (e *exporter) thing(owner lineage.Owner, attributes lineage.Attributes, row *fields, what, label string, columns ...string) error {
	written := properties(attributes)
	names := make([]string, 0, len(written))
	for name := range written {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		typ, err := row.attribute(written[name])
		if err != nil {
			return err
		}
		if strings.ContainsAny(name, ":{}") {
			return unwritable("attribute "+name, "its name")
		}
		columns = append(columns, name+":"+typ)
	}
	return e.table(what, label, append(columns, propOwners+":string[]")).add(string(owner), row.Bytes())
}

// manifest writes what the owner has by hashes, as writer.keep does.
func (e *exporter) manifest(p lineage.Projection, at time.Time) error {
	want, err := graphstore.Hash(p)
	if err != nil {
		return err
	}
	m := emptyManifest()
	m.Make(graphstore.Changes{AddNodes: want.Nodes, AddEdges: want.Edges})
	var whole, digests []byte
	if parts := partsFor(len(m.Nodes) + len(m.Edges)); parts == 0 {
		whole = packManifest(m)
	} else {
		keys := ledger{digests: make([]byte, parts*digestLength)}.all()
		for i, packed := range cut(m, parts) {
			row := fields{}
			row.text(partKeys(p.Owner, keys[i:i+1])[0])
			row.bytes(packed)
			if err := e.table("nodes", "ManifestPart", []string{"key", "manifest:byte[]"}).add("", row.Bytes()); err != nil {
				return err
			}
			digests = append(digests, digestOf(packed)...)
		}
	}
	row := fields{}
	row.text(string(p.Owner))
	row.bytes(whole)
	row.bytes(digests)
	row.time(at)
	row.number(len(m.Nodes))
	row.number(len(m.Edges))
	columns := []string{"owner", "manifest:byte[]", "digests:byte[]", "appliedAt:datetime", "nodes:long", "edges:long"}
	return e.table("nodes", "Projection", columns).add("", row.Bytes())
}

// table is the table of things of a label, or type, with these columns.
func (e *exporter) table(what, label string, columns []string) *table {
	key := what + " " + label + " " + strings.Join(columns, ",")
	e.mu.Lock()
	defer e.mu.Unlock()
	t, ok := e.tables[key]
	if !ok {
		number := len(e.tables) + 1
		t = &table{
			what: what, label: label, columns: columns, number: number,
			path: filepath.Join(e.dir, fmt.Sprintf("%s-%04d.csv.gz", what, number)),
			pack: e.pack, seed: maphash.MakeSeed(),
		}
		e.tables[key] = t
	}
	return t
}

// finish brings together what several owners said, and tells neo4j-admin of the
// tables.
func (e *exporter) finish() error {
	tables := make([]*table, 0, len(e.tables))
	for _, t := range e.tables {
		tables = append(tables, t)
	}
	slices.SortFunc(tables, func(a, b *table) int { return cmp.Compare(a.number, b.number) })
	rows := make([]int, len(tables))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, t := range tables {
		group.Go(func() (err error) {
			rows[i], err = t.finish()
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	var arguments strings.Builder
	for i, t := range tables {
		switch {
		case t.what == "relationships":
			e.count.Edges += rows[i]
		case strings.HasPrefix(t.label, "Lineage:"):
			e.count.Nodes += rows[i]
		}
		fmt.Fprintf(&arguments, "--%s=%s=%s\n", t.what, t.label, filepath.Base(t.path))
	}
	fmt.Fprintf(&arguments, "--array-delimiter=%s\n--multiline-fields=true\n--id-type=string\n", arrayDelimiterName)
	return os.WriteFile(filepath.Join(e.dir, ArgumentsFile), []byte(arguments.String()), 0o600)
}
