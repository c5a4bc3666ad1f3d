package api

import (
	"context"
	"net/http"
	"strings"

	"wellspring/access"
	"wellspring/evidence"
	"wellspring/evidence/pack"
	"wellspring/lineage"
)

// Signatures are the electronic signatures of people.
type Signatures interface {
	// Find returns the question as it is signed: its subject by its own id or name,
	// as of a time.
	Find(ctx context.Context, q pack.Question) (pack.Question, error)
	// Sign enters the signature of somebody who has just proved who they are, under
	// a question that Find returned.
	Sign(ctx context.Context, q pack.Question, meaning string, d evidence.Details) (evidence.Signature, error)
	// List returns a page of signatures, of one question or of all.
	List(ctx context.Context, q pack.Question, after int64, limit int) ([]evidence.Signature, int64, error)
	// Since returns a signature, and how what it is about has changed since: the
	// first changes and how many there are; -1: too many to compare.
	Since(ctx context.Context, index int64) (evidence.Signature, []pack.Change, int64, error)
}

func (s *server) CreateSignature(ctx context.Context, request CreateSignatureRequestObject) (CreateSignatureResponseObject, error) {
	const op = "sign"
	p := request.Params
	r, _ := ctx.Value(requestKey{}).(*http.Request)
	reason := strings.TrimSpace(r.Header.Get(headerReason))
	if place, hint := evidence.CheckSigned(string(p.Meaning), reason); place != "" {
		return nil, lineage.Invalid(op, place, hint)
	}
	question, err := s.Signatures.Find(ctx, pack.Question{About: string(p.About), Selector: p.Selector, AsOf: p.AsOf})
	if err != nil {
		return nil, err
	}
	noteChange(ctx, "", nil, map[string]any{"about": question.About, "selector": question.Selector, "as_of": question.AsOf, "meaning": p.Meaning})
	who, _ := access.From(ctx)
	proved, err := s.Access.Reprove(r, who, p.WellspringCredential)
	if err != nil {
		return nil, err
	}
	signature, err := s.Signatures.Sign(ctx, question, string(p.Meaning), evidence.Details{Who: actorOf(ctx), Reason: reason, ProvedAt: &proved, Remote: r.RemoteAddr})
	if err != nil {
		return nil, err
	}
	noteChange(ctx, signature.Subject, nil, signature)
	return CreateSignature201JSONResponse(signature), nil
}

// signaturesPage is how many signatures a page has where nobody says: of each
// question among them the answer is made again.
const signaturesPage = 20

func (s *server) ListSignatures(ctx context.Context, request ListSignaturesRequestObject) (ListSignaturesResponseObject, error) {
	p := request.Params
	if (p.About == "") != (p.Selector == "") {
		return nil, lineage.Invalid("list signatures", "about", "name both about and selector, or neither")
	}
	after, err := indexOf(lineage.Cursor(p.Cursor))
	if err != nil {
		return nil, err
	}
	if p.Limit == 0 {
		p.Limit = signaturesPage
	}
	list, next, err := s.Signatures.List(ctx, pack.Question{About: string(p.About), Selector: p.Selector}, after, p.Limit)
	return ListSignatures200JSONResponse{Signatures: nonNil(list), Next: string(cursorOf(next))}, err
}

func (s *server) GetSignature(ctx context.Context, request GetSignatureRequestObject) (GetSignatureResponseObject, error) {
	signature, changes, changed, err := s.Signatures.Since(ctx, request.Index)
	return GetSignature200JSONResponse{Signature: signature, Changes: nonNil(changes), Changed: changed}, err
}
