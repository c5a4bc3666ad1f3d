// Package tsatest is a timestamping authority for tests (RFC 3161): openssl
// signs, so that our client is held against a program of others'.
//
// It refuses to be an authority for anybody: its keys are made for one test.
package tsatest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Authority answers at URL.
type Authority struct {
	URL   string
	Roots string // file with its root certificate, PEM
}

const config = `[tsa]
default_tsa = t
[t]
serial = serial
default_policy = 1.2.3.4.1
signer_digest = sha256
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
`

// New starts an authority that ends with the test; without openssl the test is skipped.
func New(t testing.TB) Authority {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"tsa.cnf": config, "serial": "01\n", "ext": "extendedKeyUsage=critical,timeStamping\nbasicConstraints=CA:FALSE\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) error {
		cmd := exec.Command("openssl", args...)
		cmd.Dir = dir
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("openssl %v: %v\n%s", args, err, text)
			return err
		}
		return nil
	}
	const key, curve = "ec", "ec_paramgen_curve:P-256"
	_ = run("req", "-x509", "-newkey", key, "-pkeyopt", curve, "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test root", "-days", "3650")
	_ = run("req", "-new", "-newkey", key, "-pkeyopt", curve, "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Test authority")
	_ = run("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "ext", "-out", "tsa.pem", "-days", "3650")
	if t.Failed() {
		t.FailNow()
	}
	var mu sync.Mutex // serial is a file
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		query, err := io.ReadAll(r.Body)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "query"), query, 0o600)
		}
		if err == nil {
			err = run("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", "-signer", "tsa.pem", "-inkey", "tsa.key", "-out", "reply")
		}
		var reply []byte
		if err == nil {
			reply, err = os.ReadFile(filepath.Join(dir, "reply"))
		}
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		_, _ = w.Write(reply)
	}))
	t.Cleanup(server.Close)
	return Authority{URL: server.URL, Roots: filepath.Join(dir, "ca.pem")}
}
