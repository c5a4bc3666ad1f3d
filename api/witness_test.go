package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"wellspring/evidence"
)

// unwritten is a log for a service that is no witness.
type unwritten struct{ entries }

func (unwritten) Append(context.Context, evidence.Act) (evidence.Receipt, error) {
	return evidence.Receipt{}, nil
}

// A service that is no witness says so.
func TestNoWitness(t *testing.T) {
	l := newLab(t, settings{evidence: unwritten{}})
	for _, answer := range []reply{l.get("/v1/witness"), l.do(http.MethodPost, "/v1/witness/add-checkpoint", []byte("old 0\n\nx"), "Content-Type", "text/plain")} {
		problem(t, answer)
		if answer.StatusCode != http.StatusNotFound || !strings.Contains(string(answer.body), "evidence.witness-for") {
			t.Errorf("%s\n%s", answer.Status, answer.body)
		}
	}
}
