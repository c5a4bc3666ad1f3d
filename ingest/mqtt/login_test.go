package mqtt_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"wellspring/ingest/mqtt"
)

// authority signs certificates of a test.
type authority struct {
	dir         string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{dir: t.TempDir()}
	a.certificate, a.key = a.issue(t, "ca")
	return a
}

// issue writes NAME.pem and NAME.key. The first one signs itself.
func (a *authority) issue(t *testing.T, name string) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, BasicConstraintsValid: true, IsCA: a.certificate == nil,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := a.certificate, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(path, kind string, bytes []byte) {
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(a.file(name+".pem"), "CERTIFICATE", der)
	write(a.file(name+".key"), "PRIVATE KEY", secret)
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate, key
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// guarded is a mosquitto that wants TLS, a client certificate, user and password.
func guarded(t *testing.T, a *authority) *testBroker {
	passwords := a.file("passwords")
	binary, err := exec.LookPath("mosquitto_passwd")
	if err != nil {
		t.Skip("no mosquitto_passwd on this machine (Debian: apt-get install mosquitto)")
	}
	if out, err := exec.CommandContext(t.Context(), binary, "-b", "-c", passwords, "lab", "right").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	a.issue(t, "broker")
	b := mosquittoWith(t, fmt.Sprintf("allow_anonymous false\npassword_file %s\ncafile %s\ncertfile %s\nkeyfile %s\nrequire_certificate true\n",
		passwords, a.file("ca.pem"), a.file("broker.pem"), a.file("broker.key")))
	b.url = "ssl" + b.url[len("tcp"):]
	return b
}

func TestLogin(t *testing.T) {
	a := newAuthority(t)
	b := guarded(t, a)
	a.issue(t, "client")
	load := func(cert, key string) *tls.Config {
		config, err := mqtt.LoadTLS(a.file("ca.pem"), cert, key)
		if err != nil {
			t.Fatal(err)
		}
		return config
	}
	right := load(a.file("client.pem"), a.file("client.key"))
	connects := func(password string, config *tls.Config, patience time.Duration) bool {
		up := make(chan bool, 8)
		door, err := mqtt.New(mqtt.Options{
			URL: b.url, ClientID: "door", User: "lab", Password: password, TLS: config,
			OnConnection: func(is bool) { up <- is },
		}, newMemory())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- door.Run(ctx) }()
		connected := false
		select {
		case connected = <-up:
		case <-ctx.Done():
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		return connected
	}
	// The refused ones would be let in long before their patience ends.
	if !connects("right", right, 30*time.Second) {
		t.Error("certificate, user and password did not let the door in")
	}
	if connects("wrong", right, 1500*time.Millisecond) {
		t.Error("a wrong password let the door in")
	}
	if connects("right", load("", ""), 1500*time.Millisecond) {
		t.Error("the door was let in without a certificate")
	}
	if connects("right", nil, 1500*time.Millisecond) {
		t.Error("the door trusts a broker that nobody vouches for")
	}
}

func TestLoadTLSRefuses(t *testing.T) {
	a := newAuthority(t)
	empty := a.file("empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, files := range map[string][3]string{
		"no authority's file":    {a.file("none"), "", ""},
		"an authority of no PEM": {empty, "", ""},
		"no key":                 {"", a.file("ca.pem"), ""},
		"no certificate":         {"", "", a.file("ca.key")},
	} {
		if _, err := mqtt.LoadTLS(files[0], files[1], files[2]); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
