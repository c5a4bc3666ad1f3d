package anchor_test

import (
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"testing"

	"wellspring/evidence/anchor"
	"wellspring/internal/tsatest"
)

// Where the environment names a proxy, checkpoints leave through it; addresses of the
// link don't.
func TestThroughAProxy(t *testing.T) {
	tsa := tsatest.New(t)
	inside, err := url.Parse(tsa.URL)
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		asked = append(asked, r.In.URL.String())
		r.Out.URL.Scheme, r.Out.URL.Host = inside.Scheme, inside.Host
	}}
	proxy := httptest.NewServer(forward)
	defer proxy.Close()
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	for _, name := range []string{"NO_PROXY", "no_proxy", "REQUEST_METHOD"} {
		t.Setenv(name, "")
	}
	l := open(t, t.TempDir(), "x", 1)
	k, _ := keeper(t, l, anchor.Options{Roots: readRoots(t, tsa.Roots).Roots})
	leave(t, k, place(t, "timestamp=http://tsa.lab.invalid/tsr"))
	if want := []string{"http://tsa.lab.invalid/tsr"}; !slices.Equal(asked, want) {
		t.Errorf("the proxy was asked for %q, want %q", asked, want)
	}
	grow(t, l, "x", 1)
	if _, err := k.Leave(t.Context(), place(t, "timestamp=http://169.254.169.254/latest")); err == nil || len(asked) != 1 {
		t.Errorf("%v; the proxy was asked for %q", err, asked)
	}
}
