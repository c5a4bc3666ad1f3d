package app

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/mod/sumdb/note"

	"wellspring/api"
	"wellspring/evidence"
	"wellspring/evidence/anchor"
	"wellspring/evidence/ledger"
)

// anchors are the places of the options, each once.
func (o Options) anchors() ([]anchor.Place, error) {
	var places []anchor.Place
	for _, text := range named(o.EvidenceAnchors) {
		p, err := anchor.ParsePlace(text)
		if err != nil {
			return nil, err
		}
		places = append(places, p)
	}
	return places, nil
}

// witnesses are the public keys of those that the anchors ask.
func (o Options) witnesses() ([]note.Verifier, error) {
	var keys []note.Verifier
	for _, text := range named(o.EvidenceWitnessKeys) {
		v, err := evidence.ReadWitness(text)
		if err != nil {
			return nil, err
		}
		keys = append(keys, v)
	}
	return keys, nil
}

// timestampRoots are the certificates of the timestamping authorities.
func (o Options) timestampRoots() ([]*x509.Certificate, error) {
	if o.EvidenceTimestampCA == "" {
		return nil, nil
	}
	text, err := os.ReadFile(o.EvidenceTimestampCA)
	if err != nil {
		return nil, err
	}
	return evidence.ReadRoots(text)
}

// named are the texts of a list, without empty ones and doubles.
func named(list []string) []string {
	var texts []string
	seen := map[string]bool{"": true}
	for _, text := range list {
		if text = strings.TrimSpace(text); !seen[text] {
			texts = append(texts, text)
			seen[text] = true
		}
	}
	return texts
}

func (o Options) validateAnchors(wrong func(name, format string, args ...any)) {
	places, err := o.anchors()
	if err != nil {
		wrong("evidence.anchors", "%v", err)
	}
	witnesses, err := o.witnesses()
	if err != nil {
		wrong("evidence.witness-keys", "%v", err)
	}
	roots, err := o.timestampRoots()
	if err != nil {
		wrong("evidence.timestamp-ca", "%v", err)
	}
	for _, p := range places {
		if p.Kind == evidence.AnchorWitness && len(witnesses) == 0 {
			wrong("evidence.witness-keys", "name the public key of the witness at %s: it stands in its /v1/witness", p.Address)
		}
		if p.Kind == evidence.AnchorTimestamp && len(roots) == 0 {
			wrong("evidence.timestamp-ca", "name the file with the root certificate of %s", p.Address)
		}
	}
	if o.EvidenceAnchorEvery <= 0 {
		wrong("evidence.anchor-every", "must be more than 0")
	}
	for _, key := range named(o.EvidenceWitnessFor) {
		if _, err := note.NewVerifier(key); err != nil {
			wrong("evidence.witness-for", "%q is no public key of a log: wellspring checkpoint --keys prints it there", key)
		}
	}
}

// newAnchors makes what leaves checkpoints outside.
func (a *App) newAnchors(registry prometheus.Registerer) (*anchor.Keeper, error) {
	o := anchor.Options{Every: a.options.EvidenceAnchorEvery, Logger: a.logger, Registry: registry}
	var err error
	if o.Places, err = a.options.anchors(); err != nil {
		return nil, err
	}
	if o.Witnesses, err = a.options.witnesses(); err != nil {
		return nil, err
	}
	if o.Roots, err = a.options.timestampRoots(); err != nil {
		return nil, err
	}
	return anchor.New(a.evidence, o)
}

// newWitness makes what cosigns for other logs; nil: there are none.
func (a *App) newWitness() (api.Cosigner, error) {
	logs := named(a.options.EvidenceWitnessFor)
	if len(logs) == 0 {
		return nil, nil
	}
	return ledger.NewWitness(a.evidence.Ledger, filepath.Join(a.options.DataDir, ledger.WitnessKeyFileName), logs)
}
