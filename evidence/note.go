package evidence

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"wellspring/lineage"
)

// Sign signs a text. It is deterministic: Ed25519 is.
func Sign(text string, signers ...note.Signer) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		return nil, &lineage.Error{Op: "sign", Kind: lineage.ErrorInternal, Err: err}
	}
	return signed, nil
}

// OpenNote returns the text of a note that carries a signature of the verifier's.
// It takes one form only: every signature on it must be by one of the known
// verifiers, and in canonical base64. Else a note could be changed without a trace.
func OpenNote(signed []byte, by note.Verifier, known ...note.Verifier) (string, error) {
	const op = "open signed note"
	n, err := note.Open(signed, note.VerifierList(append([]note.Verifier{by}, known...)...))
	if err != nil {
		var unverified *note.UnverifiedNoteError
		if errors.As(err, &unverified) {
			return "", &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: "signature", Hint: "it is signed by another key: " + signers(unverified.Note), Err: err}
		}
		return "", &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: "signature", Err: err}
	}
	if len(n.UnverifiedSigs) > 0 {
		return "", lineage.Invalid(op, "signature", "it carries a signature of an unknown key: "+signers(n))
	}
	var again bytes.Buffer
	again.WriteString(n.Text + "\n")
	found := false
	for _, s := range n.Sigs {
		raw, err := base64.StdEncoding.Strict().DecodeString(s.Base64)
		if err != nil {
			return "", &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: "signature", Err: err}
		}
		fmt.Fprintf(&again, "— %s %s\n", s.Name, base64.StdEncoding.EncodeToString(raw))
		found = found || s.Name == by.Name() && s.Hash == by.KeyHash()
	}
	if !found || !bytes.Equal(again.Bytes(), signed) {
		return "", lineage.Invalid(op, "signature", "it is not in the one form that a signature has")
	}
	return n.Text, nil
}

func signers(n *note.Note) string {
	var names []string
	for _, s := range append(n.Sigs, n.UnverifiedSigs...) {
		names = append(names, fmt.Sprintf("%s+%08x", s.Name, s.Hash))
	}
	return strings.Join(names, ", ")
}

// KeyID is how people name a public key: its hash in a note, in hexadecimal.
func KeyID(v note.Verifier) string { return fmt.Sprintf("%08x", v.KeyHash()) }

// RawKey is the Ed25519 public key, 32 bytes, of a verifier key in the form of
// notes: NAME+HASH+BASE64(1 byte algorithm, key).
func RawKey(verifierKey string) ([]byte, error) {
	parts := strings.SplitN(verifierKey, "+", 3)
	wrong := lineage.Invalid("read public key", verifierKey, "use the form NAME+HASH+KEY of a signed note's Ed25519 key")
	if len(parts) != 3 {
		return nil, wrong
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(raw) != 33 || raw[0] != 1 {
		return nil, wrong
	}
	if _, err := note.NewVerifier(verifierKey); err != nil {
		return nil, wrong
	}
	return raw[1:], nil
}
