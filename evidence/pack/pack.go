package pack

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"wellspring/evidence"
	"wellspring/evidence/report"
	"wellspring/lineage"
)

// The files of a package.
const (
	FileQuestion   = "question.json"
	FileVerify     = "VERIFY.md"
	FileLineage    = "lineage.ndjson"
	FileRevisions  = "revisions.ndjson"
	FileProvJSON   = "prov.json"
	FileProvN      = "prov.provn"
	FileEntries    = "entries.ndjson"
	FileSignatures = "signatures.json"
	FileCrate      = "ro-crate-metadata.json"
	FileCheckpoint = "log/checkpoint"
	FileKeys       = "log/keys.json"
	FileKeyPEM     = "log/key.pem"
	FileAnchors    = "log/anchors.json"
	DirPayloads    = "payloads/"
)

//go:embed VERIFY.md
var verifyText []byte

// Source is where the content of a package comes from.
type Source interface {
	// Graph yields what answers the question: every node and every edge once.
	// Nodes may come after edges that name them, plans aside.
	Graph(ctx context.Context, q Question, yield func(Item) error) (Verdict, error)
	// Past yields what nodes were before, and the edges into them that there were, as
	// far as that was retracted when the question was asked.
	Past(ctx context.Context, q Question, nodes []lineage.ID) ([]lineage.Revision, error)
	// Subject names what a question is about in one way, however it was asked;
	// empty of since.
	Subject(ctx context.Context, q Question) (string, error)
	// Entries yields the entries of the log, below a size, that are about subjects,
	// or that fit the question by themselves; in order.
	Entries(ctx context.Context, q Question, subjects []string, size int64, yield func(evidence.Entry) error) error
	// Payload is what a record holds.
	Payload(ctx context.Context, e evidence.Entry) ([]byte, error)
}

// Log is the evidence log.
type Log interface {
	Keys() []evidence.Key
	Origin() string
	CheckpointAt(ctx context.Context, size int64) ([]byte, error)
	Prove(ctx context.Context, index, size int64) ([]tlog.Hash, error)
	SignText(text string) ([]byte, error)
	AnchorsOf(ctx context.Context, size int64, then time.Time) ([]evidence.Anchor, error)
	ProveGrowth(ctx context.Context, from, to int64) ([]tlog.Hash, error)
}

// Options of one package.
type Options struct {
	Source   Source
	Log      Log
	LogSize  int64  // that the proofs are for
	Temp     string // folder for what has to be put aside
	Question Question
}

// Make writes a package.
func Make(ctx context.Context, w io.Writer, o Options) (Answer, error) {
	if err := o.Question.Validate(); err != nil {
		return Answer{}, err
	}
	buffered := bufio.NewWriterSize(w, 1<<16)
	b := &builder{Options: o, ctx: ctx, archive: newArchive(buffered, o.Question.AsOf, o.Log.SignText), subjects: map[string]bool{}, seen: map[lineage.ID]bool{}, edges: map[lineage.EdgeKey]bool{}}
	b.report = report.NewCollector()
	b.answer = Answer{Version: 1, Question: o.Question, Log: o.Log.Origin(), LogSize: o.LogSize}
	prov, err := newProv(o.Temp)
	if err != nil {
		return Answer{}, err
	}
	b.prov = prov
	err = errors.Join(b.write(), prov.close())
	if err == nil {
		err = buffered.Flush()
	}
	return b.answer, err
}

// builder makes one package.
type builder struct {
	Options
	ctx      context.Context //nolint:containedctx // it ends with the call that made it
	archive  *archive
	prov     *prov
	answer   Answer
	subjects map[string]bool
	seen     map[lineage.ID]bool      // shared nodes that are written
	edges    map[lineage.EdgeKey]bool // of shared nodes
	crate    crate

	signatures []evidence.Signature
	report     *report.Collector
}

func (b *builder) write() error {
	steps := []func() error{
		func() error { return b.archive.bytes(FileVerify, verifyText) },
		func() error { return b.archive.file(FileLineage, b.lineage) },
		func() error { return b.archive.file(FileRevisions, b.revisions) },
		func() error { return b.archive.file(FileProvJSON, b.prov.json) },
		func() error { return b.archive.file(FileProvN, b.prov.notation) },
		b.log,
		b.anchors,
		b.entries,
		b.question,
		b.people,
		b.reports,
		func() error { return b.archive.file(FileCrate, b.writeCrate) },
		b.archive.close,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// lineage writes every node and edge, and puts aside what PROV makes of them.
func (b *builder) lineage(w io.Writer) error {
	subject, err := b.Source.Subject(b.ctx, b.Question)
	if err != nil {
		return err
	}
	whole := sha256.New()
	encoder, entire := json.NewEncoder(w), json.NewEncoder(whole)
	encoder.SetEscapeHTML(false)
	entire.SetEscapeHTML(false)
	verdict, err := b.Source.Graph(b.ctx, b.Question, func(item Item) error {
		if item.Node != nil && !b.isNew(*item.Node) || item.Edge != nil && !b.isNewEdge(*item.Edge) {
			return nil
		}
		if b.Question.Redact {
			if err := entire.Encode(item); err != nil {
				return err
			}
			item = redact(item)
		}
		if item.Node != nil {
			b.answer.Nodes++
			b.about(*item.Node)
			b.report.Node(*item.Node)
		} else {
			b.answer.Edges++
			b.report.Edge(*item.Edge)
		}
		if err := encoder.Encode(item); err != nil {
			return err
		}
		return b.prov.add(item)
	})
	b.answer.Verdict, b.answer.Subject = verdict, subject
	if subject != "" {
		b.subjects[subject] = true
	}
	if b.Question.Redact {
		b.answer.WholeLineageSHA256 = hex.EncodeToString(whole.Sum(nil))
	}
	return err
}

// isNew reports whether a node that several owners share is met for the first
// time. A node of one owner is met once.
func (b *builder) isNew(n lineage.Node) bool {
	if _, owned := n.Attributes[lineage.AttrRun]; owned && n.Kind != lineage.KindRun && n.Kind != lineage.KindPlan {
		return true
	}
	if b.seen[n.ID] {
		return false
	}
	b.seen[n.ID] = true
	return true
}

// isNewEdge is isNew for an edge: several owners may say one of a shared node.
func (b *builder) isNewEdge(e lineage.Edge) bool {
	if !b.seen[e.TargetID] {
		return true
	}
	if b.edges[e.Key()] {
		return false
	}
	b.edges[e.Key()] = true
	return true
}

// about remembers whose records a node rests on.
func (b *builder) about(n lineage.Node) {
	if run, ok := n.Attributes[lineage.AttrRun].(string); ok {
		b.subjects["run:"+run], b.subjects["plan:"+run] = true, true
	}
	if owner, ok := n.Attributes["owner"].(string); ok {
		b.subjects[owner] = true
	}
	b.crate.node(n)
}

// log writes the checkpoint and the keys.
func (b *builder) log() error {
	checkpoint, err := b.Log.CheckpointAt(b.ctx, b.LogSize)
	if err != nil {
		return err
	}
	// It may have been signed by an earlier key: a package carries one key's signatures.
	text, _, _ := strings.Cut(string(checkpoint), "\n\n")
	if checkpoint, err = b.Log.SignText(text + "\n"); err != nil {
		return err
	}
	if err := b.archive.bytes(FileCheckpoint, checkpoint); err != nil {
		return err
	}
	keys := b.Log.Keys()
	if err := b.archive.file(FileKeys, func(w io.Writer) error { return pretty(w, keys) }); err != nil {
		return err
	}
	key, err := PEM(keys[len(keys)-1].Verifier)
	if err != nil {
		return err
	}
	return b.archive.bytes(FileKeyPEM, key)
}

// PEM is a public key in the form that openssl reads.
func PEM(verifier string) ([]byte, error) {
	raw, err := evidence.RawKey(verifier)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(ed25519.PublicKey(raw))
	if err != nil {
		return nil, &lineage.Error{Op: "write package", Kind: lineage.ErrorInternal, ID: FileKeyPEM, Err: err}
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// entries writes the payloads, then the entries with their proofs.
func (b *builder) entries() error {
	subjects := make([]string, 0, len(b.subjects))
	for s := range b.subjects {
		subjects = append(subjects, s)
	}
	slices.Sort(subjects)
	payloads := map[int64]string{}
	if !b.Question.Redact {
		err := b.Source.Entries(b.ctx, b.Question, subjects, b.LogSize, func(e evidence.Entry) error {
			name, err := b.payload(e)
			if name != "" {
				payloads[e.Index] = name
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return b.archive.file(FileEntries, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return b.Source.Entries(b.ctx, b.Question, subjects, b.LogSize, func(e evidence.Entry) error {
			line, err := b.line(e, payloads[e.Index])
			if err != nil {
				return err
			}
			return encoder.Encode(line)
		})
	})
}

// payload writes what a record holds, as it is kept in the journal.
func (b *builder) payload(e evidence.Entry) (string, error) {
	public, err := e.Read()
	if err != nil || public.Type != evidence.TypeRecord {
		return "", err
	}
	data, err := b.Source.Payload(b.ctx, e)
	if err != nil {
		return "", err
	}
	if evidence.SHA256(data) != public.DataSHA256 {
		return "", &lineage.Error{Op: "write package", Kind: lineage.ErrorInternal, ID: fmt.Sprintf("entry %d", e.Index),
			Hint: "the journal does not hold what was entered: run wellspring verify --log"}
	}
	name := DirPayloads + strconv.FormatInt(e.Index, 10)
	if json.Valid(data) {
		name += ".json"
	} else {
		name += ".txt"
	}
	b.answer.Payloads++
	return name, b.archive.bytes(name, data)
}

func (b *builder) line(e evidence.Entry, payload string) (Line, error) {
	public, err := e.Read()
	if err != nil {
		return Line{}, err
	}
	if public.Type == evidence.TypeAct {
		b.answer.Acts++
	} else {
		b.answer.Records++
	}
	if b.Question.Redact {
		e.Private = nil
	}
	if signature, is, err := evidence.SignatureOf(e); err != nil {
		return Line{}, err
	} else if is {
		b.signatures = append(b.signatures, signature)
	}
	if err := b.report.Entry(e); err != nil {
		return Line{}, err
	}
	proof, err := b.Log.Prove(b.ctx, e.Index, b.LogSize)
	if err != nil {
		return Line{}, err
	}
	return Line{Index: e.Index, Public: string(e.Public), Private: string(e.Private), Payload: payload, Proof: hexOf(proof)}, nil
}

func (b *builder) question() error {
	for _, s := range b.archive.sums {
		if s.name == FileLineage {
			b.answer.LineageSHA256 = s.hash
		}
	}
	return b.archive.file(FileQuestion, func(w io.Writer) error { return pretty(w, b.answer) })
}

// people writes the signatures of people, and how each stands to the answer.
func (b *builder) people() error {
	judged := make([]evidence.Signature, len(b.signatures))
	for i, s := range b.signatures {
		judged[i] = b.answer.Judge(s)
	}
	b.signatures = judged
	return b.archive.file(FileSignatures, func(w io.Writer) error { return pretty(w, judged) })
}

func pretty(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// compact is v as JSON in one piece, without HTML escapes.
func compact(v any) ([]byte, error) {
	var buf bytes.Buffer
	encoder := json.NewEncoder(&buf)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), err
}
