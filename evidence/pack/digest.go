package pack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"wellspring/evidence"
	"wellspring/lineage"
)

// Digest is what a package would say of a question, and what the question is
// about, without the package.
func Digest(ctx context.Context, source Source, q Question) (subject string, _ evidence.Answer, _ error) {
	q.Redact = false
	if err := q.Validate(); err != nil {
		return "", evidence.Answer{}, err
	}
	b := &builder{Options: Options{Source: source, Question: q}, ctx: ctx, subjects: map[string]bool{}, seen: map[lineage.ID]bool{}, edges: map[lineage.EdgeKey]bool{}}
	sum := sha256.New()
	if err := b.lineage(sum); err != nil {
		return "", evidence.Answer{}, err
	}
	b.answer.LineageSHA256 = hex.EncodeToString(sum.Sum(nil))
	return b.answer.Subject, b.answer.Known(), nil
}

// QuestionOf is the question that was signed, asked as of another time.
func QuestionOf(s evidence.Signed, asOf time.Time) Question {
	return Question{About: s.About, Selector: s.Selector, AsOf: asOf}
}
