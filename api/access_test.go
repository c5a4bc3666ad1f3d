package api_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"wellspring/access"
	"wellspring/lineage"
)

// newKey makes an API key through the interface and returns its id.
func newKey(t *testing.T, l *lab) string {
	t.Helper()
	answer := l.do(http.MethodPost, "/v1/keys?name=test&role=viewer", nil)
	var made struct{ Key struct{ ID string } }
	must(t, json.Unmarshal(answer.body, &made))
	return made.Key.ID
}

// named takes the header Role at its word.
type named struct{}

func (named) Identify(r *http.Request) (access.Principal, error) {
	role := r.Header.Get("Role")
	switch role {
	case "":
		return access.Principal{}, &lineage.Error{Op: "log in", Kind: lineage.ErrorUnauthenticated, Hint: "bring a key"}
	case "often":
		return access.Principal{}, &lineage.Error{Op: "read request", Kind: lineage.ErrorLimited, Hint: "wait"}
	case "postEvents":
		return access.Principal{Name: role, Roles: []access.Role{access.Admin}, Operations: []string{role}}, nil
	}
	return access.Principal{Name: role, Roles: []access.Role{access.Role(role)}}, nil
}

func (named) Reprove(_ *http.Request, p access.Principal, credential string) (time.Time, error) {
	return everybody{}.Reprove(nil, p, credential)
}

var parameter = regexp.MustCompile(`\{[a-z]+\}`)

// TestEveryRouteAndRole tries every operation of the contract as everybody.
func TestEveryRouteAndRole(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	must(t, err)
	l := newLab(t, settings{access: named{}})
	roles := access.Roles()
	tried := 0
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			needed, _ := operation.Extensions["x-role"].(string)
			if needed != "public" && !slices.Contains(roles, access.Role(needed)) {
				t.Errorf("%s %s has the x-role %q", method, path, needed)
				continue
			}
			place := parameter.ReplaceAllString(path, "x")
			try := func(role string, want int) {
				t.Helper()
				tried++
				var headers []string
				if role != "" {
					headers = []string{"Role", role}
				}
				got := l.do(method, place, nil, headers...).StatusCode
				refused := got == http.StatusUnauthorized || got == http.StatusForbidden || got == http.StatusTooManyRequests
				if want == 0 && refused || want != 0 && got != want {
					t.Errorf("%s %s as %q: %d, want %d", method, place, role, got, want)
				}
			}
			if needed == "public" {
				try("", 0)
				continue
			}
			try("", http.StatusUnauthorized)
			try("often", http.StatusTooManyRequests)
			for _, role := range roles {
				want := http.StatusForbidden
				if role == access.Admin || string(role) == needed || needed == string(access.Viewer) {
					want = 0
				}
				try(string(role), want)
			}
			want := http.StatusForbidden
			if operation.OperationID == "postEvents" {
				want = 0
			}
			try("postEvents", want)
		}
	}
	t.Logf("%d combinations of a route and a role", tried)
}

// TestRefusalsSayWhatToDo looks at the problems that a stranger gets.
func TestRefusalsSayWhatToDo(t *testing.T) {
	l := newLab(t, settings{access: named{}})
	stranger := l.do(http.MethodGet, "/v1/runs", nil)
	problem(t, stranger)
	if got := stranger.Header.Get("WWW-Authenticate"); got != "Bearer" {
		t.Errorf("WWW-Authenticate: %q", got)
	}
	viewer := l.do(http.MethodPost, "/v1/declarations", []byte("x"), "Role", "viewer")
	problem(t, viewer)
	if !strings.Contains(string(viewer.body), "operator") {
		t.Errorf("it does not name the role: %s", viewer.body)
	}
	if got := l.do(http.MethodGet, "/v1/runs", nil, "Role", "often").Header.Get("Retry-After"); got == "" {
		t.Error("no Retry-After")
	}
}
