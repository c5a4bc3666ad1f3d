package app_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wellspring/app"
)

// certify writes a self-signed certificate for this machine into two files.
func certify(t *testing.T, certFile, keyFile string, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "wellspring"}, DNSNames: []string{"wellspring.lab"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// ask sends one request to a service as a program of its kind does.
func ask(t *testing.T, at app.Service, method, path string) (*http.Response, string) {
	t.Helper()
	client, err := at.Client()
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), method, at.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

// TestLoginBeyondLoopback runs a service as a lab would: on all addresses, with TLS.
func TestLoginBeyondLoopback(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certify(t, cert, key, 1)
	var options app.Options
	a := start(t, func(o *app.Options) {
		o.Listen, o.TLSCert, o.TLSKey, o.RateLimit = "0.0.0.0:0", cert, key, 1000
		options = *o
	})
	_, port, err := net.SplitHostPort(a.Addr())
	if err != nil {
		t.Fatal(err)
	}

	// The machine's own programs find it, trust it and are let in.
	home, ok := app.Running(t.Context(), options.DataDir)
	if !ok {
		t.Fatal("it is not found by its data folder")
	}
	if info, err := os.Stat(filepath.Join(options.DataDir, "service.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("service.json: %v, %v", info, err)
	}
	if response, body := ask(t, home, http.MethodGet, "/v1/me"); response.StatusCode != http.StatusOK || !strings.Contains(body, `"means":"local"`) {
		t.Errorf("at home: %s %s", response.Status, body)
	}

	// A stranger is not, by whatever name it asks.
	options.ServerCA = cert
	stranger := options.At("https://127.0.0.1:" + port + "/")
	if response, body := ask(t, stranger, http.MethodGet, "/v1/runs"); response.StatusCode != http.StatusUnauthorized || response.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("a stranger: %s %s", response.Status, body)
	}
	for _, path := range []string{"/healthz", "/readyz", "/openapi.yaml"} {
		if response, _ := ask(t, stranger, http.MethodGet, path); response.StatusCode != http.StatusOK {
			t.Errorf("%s is public: %s", path, response.Status)
		}
	}

	// A key lets in, for what its role may.
	_, body := ask(t, home, http.MethodPost, "/v1/keys?name=report&role=viewer")
	var made struct{ Secret string }
	if err := json.Unmarshal([]byte(body), &made); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	options.Token = made.Secret
	guest := options.At("https://127.0.0.1:" + port)
	if response, body := ask(t, guest, http.MethodGet, "/v1/runs"); response.StatusCode != http.StatusOK {
		t.Errorf("with a key: %s %s", response.Status, body)
	}
	if response, body := ask(t, guest, http.MethodGet, "/v1/keys"); response.StatusCode != http.StatusForbidden || !strings.Contains(body, "admin") {
		t.Errorf("with a viewer's key: %s %s", response.Status, body)
	}

	// A new certificate is in force at once, a broken one is not.
	serial := func() int64 {
		t.Helper()
		response, _ := ask(t, stranger, http.MethodGet, "/healthz")
		return response.TLS.PeerCertificates[0].SerialNumber.Int64()
	}
	if err := os.WriteFile(key, []byte("half a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got != 1 {
		t.Errorf("with half a key in the file: certificate %d", got)
	}
	certify(t, cert, key, 2)
	later := time.Now().Add(time.Minute) // whatever the file system's clock can tell apart
	if err := os.Chtimes(cert, later, later); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got != 2 {
		t.Errorf("after it was renewed: certificate %d", got)
	}
}

// TestLoginsAreAudited: who came in, and who tried to, is evidence.
func TestLoginsAreAudited(t *testing.T) {
	var options app.Options
	a := start(t, func(o *app.Options) { o.Login = true; options = *o })
	home, ok := app.Running(t.Context(), options.DataDir)
	if !ok {
		t.Fatal("it is not found by its data folder")
	}
	_, body := ask(t, home, http.MethodPost, "/v1/keys?name=ada&role=viewer")
	var made struct{ Secret string }
	if err := json.Unmarshal([]byte(body), &made); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	options.Token = made.Secret + "x"
	ask(t, options.At("http://"+a.Addr()), http.MethodGet, "/v1/runs")
	form := strings.NewReader(url.Values{"key": {made.Secret}, "to": {"/login.css"}}.Encode())
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+a.Addr()+"/login", form)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-For", "203.0.113.7")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	_, log := ask(t, home, http.MethodGet, "/v1/audit")
	for _, want := range []string{`"action":"createKey"`, `"action":"login refused"`, `"action":"login"`, `"who":"ada"`, `"subject":"key:`} {
		if !strings.Contains(log, want) {
			t.Errorf("the audit log has no %s:\n%s", want, log)
		}
	}
	for _, secret := range []string{made.Secret, strings.SplitN(made.Secret, "_", 3)[2], "203.0.113.7"} {
		if strings.Contains(log, secret) {
			t.Errorf("the audit log holds %s", secret)
		}
	}
}

func TestLoginOnLoopback(t *testing.T) {
	a := start(t, func(o *app.Options) { o.Login = true })
	if status, _ := request(t, a, http.MethodGet, "/v1/runs", nil); status != http.StatusUnauthorized {
		t.Errorf("without a key: %d", status)
	}
	if status, text := request(t, a, http.MethodGet, "/login", nil); status != http.StatusOK || !strings.Contains(text, "API key") {
		t.Errorf("the login page: %d %s", status, text)
	}
}

func TestAccessOptions(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*app.Options)
		wrong  string
	}{
		"beyond loopback in the clear": {func(o *app.Options) { o.Listen = ":7117" }, "tls-cert"},
		"behind a proxy":               {func(o *app.Options) { o.Listen, o.TLSByProxy = ":7117", true }, ""},
		"in a trusted network":         {func(o *app.Options) { o.Listen, o.TrustNetwork = ":7117", true }, ""},
		"trusted and with a login":     {func(o *app.Options) { o.Login, o.TrustNetwork = true, true }, "trust-network"},
		"a certificate without a key":  {func(o *app.Options) { o.TLSCert = "cert.pem" }, "tls-key"},
		"a provider without a name for it": {func(o *app.Options) {
			o.OIDCIssuer, o.OIDCRedirect = "https://login.lab", "https://wellspring.lab/callback"
		}, "oidc-client-id"},
		"a provider in the clear": {func(o *app.Options) {
			o.OIDCIssuer, o.OIDCClientID, o.OIDCRedirect = "http://login.lab", "wellspring", "https://wellspring.lab/callback"
		}, "oidc-issuer"},
		"a role that there is not": {func(o *app.Options) {
			o.OIDCIssuer, o.OIDCClientID, o.OIDCRedirect, o.OIDCRoles = "https://login.lab", "wellspring", "https://wellspring.lab/callback", []string{"staff=boss"}
		}, "oidc-roles"},
	} {
		t.Run(name, func(t *testing.T) {
			o := app.DefaultOptions()
			c.change(&o)
			err := o.Validate()
			if c.wrong == "" && err != nil || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
				t.Errorf("%v", err)
			}
		})
	}
}
