package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"wellspring/evidence"
	"wellspring/evidence/pack"
	"wellspring/lineage"
)

// shownChanges is how many changes since a signature are shown.
const shownChanges = 100

// signatures are the electronic signatures of people: acts of the evidence log
// that are bound to the bytes of an answer.
type signatures struct {
	*exports
}

// Find implements api.Signatures. Who signs without naming a time signs what is
// known now, everything that came in included.
func (s signatures) Find(ctx context.Context, q pack.Question) (pack.Question, error) {
	const op = "sign"
	now := q.AsOf.IsZero()
	if now {
		s.quiet(ctx)
		q.AsOf = s.evidence.Now()
	}
	q.AsOf = q.AsOf.UTC()
	if q.AsOf.After(s.evidence.Now()) {
		return q, lineage.Invalid(op, "asOf", "it is in the future")
	}
	if q.About == pack.AboutSince {
		return q, lineage.Invalid(op, "about "+q.About, "sign a run, an experiment, a lot, a measurement, a plate or a well")
	}
	if err := q.Validate(); err != nil {
		return q, err
	}
	subject, err := s.source(false).Subject(ctx, q)
	if err != nil {
		return q, err
	}
	q.Selector = selectorOfSubject(subject)
	return q, nil
}

// Sign implements api.Signatures.
func (s signatures) Sign(ctx context.Context, q pack.Question, meaning string, d evidence.Details) (evidence.Signature, error) {
	subject, answer, err := pack.Digest(ctx, s.source(!s.quiet(ctx)), q)
	if err != nil {
		return evidence.Signature{}, err
	}
	signed := &evidence.Signed{About: q.About, Selector: q.Selector, AsOf: q.AsOf, Meaning: meaning, Answer: answer}
	receipt, err := s.evidence.Append(ctx, evidence.Act{Action: evidence.ActionSigned, Outcome: evidence.OutcomeDone, Subject: subject, Signed: signed, Details: d})
	if err != nil {
		return evidence.Signature{}, err
	}
	return s.get(ctx, receipt.Index)
}

// List implements api.Signatures.
func (s signatures) List(ctx context.Context, q pack.Question, after int64, limit int) ([]evidence.Signature, int64, error) {
	find := evidence.Query{Type: evidence.TypeAct, Action: evidence.ActionSigned, After: after, Limit: limit}
	if q.About != "" {
		q.AsOf = s.evidence.Now()
		if err := q.Validate(); err != nil {
			return nil, 0, err
		}
		var err error
		if find.Subject, err = s.source(false).Subject(ctx, q); err != nil {
			return nil, 0, err
		}
	}
	page, err := s.evidence.List(ctx, find)
	if err != nil {
		return nil, 0, err
	}
	judged, known := []evidence.Signature{}, map[string]evidence.Answer{}
	for _, entry := range page.Entries {
		one, is, err := evidence.SignatureOf(entry)
		if err == nil && is {
			one, err = s.judge(ctx, one, known)
		}
		if err != nil {
			return nil, 0, err
		}
		if is {
			judged = append(judged, one)
		}
	}
	return judged, page.Next, nil
}

// judge makes the answer again that a signature is bound to, once for each
// subject. What is not there any more has no lineage.
func (s signatures) judge(ctx context.Context, one evidence.Signature, known map[string]evidence.Answer) (evidence.Signature, error) {
	now, is := known[one.Subject]
	if !is {
		var err error
		_, now, err = pack.Digest(ctx, s.source(false), pack.QuestionOf(one.Signed, s.evidence.Now()))
		if err != nil && lineage.KindOf(err) != lineage.ErrorNotFound {
			return one, err
		}
		known[one.Subject] = now
	}
	return one.Against(now), nil
}

// get is one signature.
func (s signatures) get(ctx context.Context, index int64) (evidence.Signature, error) {
	page, err := s.evidence.List(ctx, evidence.Query{Type: evidence.TypeAct, Action: evidence.ActionSigned, After: index, Below: index + 1, Limit: 1})
	if err != nil {
		return evidence.Signature{}, err
	}
	for _, entry := range page.Entries {
		if one, is, err := evidence.SignatureOf(entry); err != nil || is {
			if err == nil {
				one, err = s.judge(ctx, one, map[string]evidence.Answer{})
			}
			return one, err
		}
	}
	return evidence.Signature{}, lineage.NotFound("show signature", fmt.Sprint(index), "no signature has that index in the log: wellspring signatures lists them")
}

// Since implements api.Signatures.
func (s signatures) Since(ctx context.Context, index int64) (evidence.Signature, []pack.Change, int64, error) {
	one, err := s.get(ctx, index)
	if err != nil || one.State == evidence.SignatureValid {
		return one, nil, 0, err
	}
	changes, count, err := pack.Compare(ctx, s.source(false), pack.QuestionOf(one.Signed, one.AsOf), pack.QuestionOf(one.Signed, s.evidence.Now()), shownChanges)
	return one, changes, count, err
}

// source is where answers come from; behind: not all that came in is in the graph.
func (e *exports) source(behind bool) *exportSource {
	return &exportSource{query: e.query, store: e.store, evidence: e.evidence, behind: behind}
}

// Subject implements pack.Source: run:RUN and plan:ANALYSIS as the log names
// them, lot:NAME, experiment:NAME, and plate, well and measurement by node.
func (s *exportSource) Subject(ctx context.Context, q pack.Question) (string, error) {
	switch q.About {
	case pack.AboutSince:
		return "", nil
	case pack.AboutLot:
		_, err := s.query.ResolveAll(ctx, selectorOf(q), q.AsOf)
		return "lot:" + strings.TrimPrefix(selectorOf(q), "lot:"), err
	case pack.AboutExperiment:
		name := strings.TrimPrefix(q.Selector, "experiment:")
		nodes, err := s.store.Nodes(ctx, []lineage.ID{lineage.ExperimentID(name)}, q.AsOf)
		if err == nil && len(nodes) == 0 {
			err = lineage.NotFound("find experiment", q.Selector, "no experiment was declared by that name")
		}
		if err != nil {
			return "", err
		}
		name, _ = nodes[0].Attributes["experiment"].(string)
		return "experiment:" + name, nil
	case pack.AboutRun:
		run, err := s.query.Run(ctx, q.Selector, q.AsOf)
		if err != nil {
			return "", err
		}
		name, _ := run.Run.Attributes[lineage.AttrRun].(string)
		return strings.ToLower(string(run.Run.Kind)) + ":" + name, nil
	}
	node, err := s.query.Resolve(ctx, selectorOf(q), q.AsOf)
	return q.About + ":" + node.ID.String(), err
}

// selectorOfSubject is what asks for the same subject again.
func selectorOfSubject(subject string) string {
	kind, name, _ := strings.Cut(subject, ":")
	switch kind {
	case "plan":
		return lineage.PlanID(name).String()
	case pack.AboutLot: // whose name may read like another selector
		if _, err := uuid.Parse(name); err != nil {
			return subject
		}
	}
	return name
}
