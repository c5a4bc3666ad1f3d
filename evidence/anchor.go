package evidence

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"time"

	"github.com/digitorus/timestamp"
	"github.com/sigstore/timestamp-authority/v2/pkg/verification"
	cosign "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"wellspring/lineage"
)

// The kinds of places outside where a checkpoint is left.
const (
	AnchorFile      = "file"      // appended to a file
	AnchorWebhook   = "webhook"   // sent to an address
	AnchorWitness   = "witness"   // cosigned by who has seen every checkpoint before (c2sp.org/tlog-witness)
	AnchorTimestamp = "timestamp" // timestamped (RFC 3161)
)

// Anchor is a checkpoint that was left outside.
type Anchor struct {
	Kind       string    `json:"kind"`
	Place      string    `json:"place"`      // without what is secret of its address
	At         time.Time `json:"at"`         // by the service's clock
	Checkpoint string    `json:"checkpoint"` // as it was left there, signed
	// Token is what came back: the witness's lines of signature, or the
	// authority's TimeStampResp. Empty for file and webhook.
	Token []byte `json:"token,omitempty"`
}

// Trust is whom outside of the log its judge believes. Empty: nobody.
type Trust struct {
	Witnesses []note.Verifier
	Roots     []*x509.Certificate // of timestamping authorities
}

// Anchored is what an anchor proves.
type Anchored struct {
	Kind  string    `json:"kind"`
	Place string    `json:"place"`
	Size  int64     `json:"size"` // of the log
	At    time.Time `json:"at"`   // the witness's or authority's time where there is one, else the service's
	By    string    `json:"by,omitempty"`
	// Trusted: by somebody outside whom the judge believes. Else the service only
	// says that the checkpoint was left there: ask there for it.
	Trusted bool `json:"trusted"`
}

// Open checks an anchor of the log of that name: the log's signature, and the
// witness's or authority's where the judge trusts one.
func (a Anchor) Open(origin string, keys []SigningKey, trust Trust) (Checkpoint, Anchored, error) {
	found := Anchored{Kind: a.Kind, Place: a.Place, At: a.At}
	c, err := OpenCheckpoint([]byte(a.Checkpoint), origin, keys)
	if err != nil {
		return c, found, err
	}
	found.Size = c.Size
	switch a.Kind {
	case AnchorFile, AnchorWebhook:
	case AnchorWitness:
		err = found.cosigned(a, trust.Witnesses)
	case AnchorTimestamp:
		err = found.stamped(a, trust.Roots)
	default:
		err = lineage.Invalid("check anchor", a.Kind, "use file, webhook, witness or timestamp")
	}
	return c, found, err
}

// cosigned checks a witness's signature.
func (f *Anchored) cosigned(a Anchor, witnesses []note.Verifier) error {
	n, err := note.Open([]byte(a.Checkpoint+string(a.Token)), note.VerifierList(witnesses...))
	var unknown *note.UnverifiedNoteError
	if errors.As(err, &unknown) {
		n, err = unknown.Note, nil // nobody whom the judge trusts
	}
	if err != nil {
		return &lineage.Error{Op: "check cosignature", Kind: lineage.ErrorInvalid, ID: f.Place, Hint: "the witness did not sign this checkpoint", Err: err}
	}
	if len(n.Sigs) == 0 {
		return nil
	}
	f.By, f.Trusted = n.Sigs[0].Name, true
	f.At, err = cosign.CoSigV1Timestamp(n.Sigs[0])
	f.At = f.At.UTC()
	return err
}

// stamped checks a timestamp: against the roots that the judge trusts or, where
// there is none, only that it is of this checkpoint.
func (f *Anchored) stamped(a Anchor, roots []*x509.Certificate) error {
	wrong := func(err error) error {
		return &lineage.Error{Op: "check timestamp", Kind: lineage.ErrorInvalid, ID: f.Place, Hint: "it is not of this checkpoint, or not by that authority", Err: err}
	}
	var stamp *timestamp.Timestamp
	var err error
	if len(roots) > 0 {
		stamp, err = verification.VerifyTimestampResponse(a.Token, strings.NewReader(a.Checkpoint), verification.VerifyOpts{Roots: roots})
		f.Trusted = err == nil
	} else if stamp, err = timestamp.ParseResponse(a.Token); err == nil {
		digest := stamp.HashAlgorithm.New()
		digest.Write([]byte(a.Checkpoint))
		if !bytes.Equal(digest.Sum(nil), stamp.HashedMessage) {
			err = errors.New("it is of something else")
		}
	}
	if err != nil {
		return wrong(err)
	}
	f.At = stamp.Time.UTC()
	if len(stamp.Certificates) > 0 {
		f.By = stamp.Certificates[0].Subject.CommonName
	}
	return nil
}

// Missing is what the judge trusts and no anchor is by.
func (t Trust) Missing(found []Anchored) (faults []Fault) {
	by := func(kind, name string) bool {
		for _, a := range found {
			if a.Trusted && a.Kind == kind && (name == "" || a.By == name) {
				return true
			}
		}
		return false
	}
	for _, w := range t.Witnesses {
		if !by(AnchorWitness, w.Name()) {
			faults = append(faults, Fault{"anchors", "none is cosigned by " + w.Name()})
		}
	}
	if len(t.Roots) > 0 && !by(AnchorTimestamp, "") {
		faults = append(faults, Fault{"anchors", "none is timestamped by an authority that you trust"})
	}
	return faults
}

// ReadWitness reads the public key of a witness, NAME+HASH+KEY.
func ReadWitness(key string) (note.Verifier, error) {
	v, err := cosign.NewVerifierForCosignatureV1(strings.TrimSpace(key))
	if err != nil {
		return nil, lineage.Invalid("read witness key", key, "use the form NAME+HASH+KEY of a cosigner's key")
	}
	return v, nil
}

// ReadRoots reads certificates in PEM.
func ReadRoots(text []byte) ([]*x509.Certificate, error) {
	var roots []*x509.Certificate
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, &lineage.Error{Op: "read certificates", Kind: lineage.ErrorInvalid, Err: err}
		}
		roots = append(roots, c)
	}
	if len(roots) == 0 {
		return nil, lineage.Invalid("read certificates", "", "the file holds no certificate in PEM")
	}
	return roots, nil
}
