package mqtt

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"

	"wellspring/lineage"
)

// LoadTLS reads what a connection with TLS needs from PEM files. ca is the
// authority that signed the broker's certificate (empty: the system's
// authorities); cert and key are the client's own (empty: none).
func LoadTLS(ca, cert, key string) (*tls.Config, error) {
	const op = "read TLS files"
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: ca, Err: err}
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: ca, Err: errors.New("it holds no PEM certificate")}
		}
	}
	if cert != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: cert + ", " + key, Hint: "name the client's certificate and its key", Err: err}
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
