package app

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"wellspring/lineage"
)

// certificate is the service's own, read again when its file changes.
type certificate struct {
	certFile, keyFile string
	logger            *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	read    time.Time // of the files, when they were read
}

func newCertificate(o Options, logger *slog.Logger, registry prometheus.Registerer) (*certificate, error) {
	c := &certificate{certFile: o.TLSCert, keyFile: o.TLSKey, logger: logger}
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, registry.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "wellspring_tls_certificate_expiry_timestamp_seconds", Help: "When the service's certificate ends, in Unix seconds.",
	}, func() float64 {
		leaf, err := c.get(nil)
		if err != nil {
			return 0
		}
		return float64(leaf.Leaf.NotAfter.Unix())
	}))
}

func (c *certificate) load() error {
	changed, err := c.changed()
	if err != nil {
		return &lineage.Error{Op: "read certificate", Kind: lineage.ErrorInvalid, ID: c.certFile, Err: err}
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return &lineage.Error{Op: "read certificate", Kind: lineage.ErrorInvalid, ID: c.certFile, Hint: "tls-cert and tls-key name PEM files that belong together", Err: err}
	}
	c.current, c.read = &pair, changed
	return nil
}

// changed is when the later of the two files changed.
func (c *certificate) changed() (time.Time, error) {
	var last time.Time
	for _, name := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return time.Time{}, err
		}
		if info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	return last, nil
}

// get returns the certificate in force. A new one that can't be read, such as
// one that is half written, leaves the old one in force.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if changed, err := c.changed(); err == nil && changed.Equal(c.read) {
		return c.current, nil
	}
	if err := c.load(); err != nil {
		c.logger.Error("the new certificate can't be used; the old one stays in force", "error", err)
	} else {
		c.logger.Info("the service has a new certificate", "until", c.current.Leaf.NotAfter)
	}
	return c.current, nil
}

func (c *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
}

// leaf is the certificate as PEM.
func (c *certificate) leaf() string {
	pair, _ := c.get(nil)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Leaf.Raw}))
}

// trust is what makes a service's certificate trusted: the authority that was
// named, or the certificate itself where the data folder tells it. Nil: what the
// system trusts.
func (s Service) trust() (*tls.Config, error) {
	text := []byte(s.Certificate)
	if s.CA != "" {
		var err error
		if text, err = os.ReadFile(s.CA); err != nil {
			return nil, &lineage.Error{Op: "ask the service", Kind: lineage.ErrorInvalid, ID: "server-ca", Err: err}
		}
	}
	if len(text) == 0 {
		return nil, nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, lineage.Invalid("ask the service", "server-ca", "the file holds no certificate in PEM")
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
	if s.Certificate != "" && s.CA == "" {
		config.ServerName = ownName(text)
	}
	return config, nil
}

// ownName is a name that a certificate is for: the machine's own programs ask it
// by an address, which it mostly isn't.
func ownName(text []byte) string {
	block, _ := pem.Decode(text)
	leaf, err := x509.ParseCertificate(block.Bytes)
	switch {
	case err != nil:
		return ""
	case len(leaf.DNSNames) > 0:
		return leaf.DNSNames[0]
	case len(leaf.IPAddresses) > 0:
		return leaf.IPAddresses[0].String()
	}
	return ""
}
