package evidence

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"math"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"wellspring/lineage"
)

// HandoverText is what the keys sign when one hands over to the next. Of the
// first key old is empty.
func HandoverText(origin, old, next string, size int64, at time.Time) string {
	if old == "" {
		old = "none"
	}
	return fmt.Sprintf("wellspring/handover/v1\n%s\nold %s\nnew %s\nsize %d\nat %s\n", origin, old, next, size, at.UTC().Format(time.RFC3339Nano))
}

// Key is one of the keys that signed, with the note that made it one: signed by
// itself for the first, by the key before it as well for every other.
type Key struct {
	Verifier string `json:"verifier"` // NAME+HASH+KEY, as in signed notes
	Since    int64  `json:"since"`    // the size of the log from which on it signs
	Note     string `json:"note"`     // the signed HandoverText
}

// SigningKey is a public key of the log, and up to which size of the log it signs:
// once it has handed over, what it signs of later is not believed.
type SigningKey struct {
	note.Verifier
	Until int64
}

// CheckChain checks that every key was named by the one before it, the first by
// itself, and returns them.
func CheckChain(origin string, chain []Key) ([]SigningKey, error) {
	const op = "check keys"
	if len(chain) == 0 {
		return nil, lineage.Invalid(op, "keys", "there is none")
	}
	var keys []SigningKey
	old := ""
	for i, link := range chain {
		wrong := func(what string) error {
			return lineage.Invalid(op, fmt.Sprintf("key %d of %d", i+1, len(chain)), what)
		}
		key, err := note.NewVerifier(link.Verifier)
		if err != nil || key.Name() != origin {
			return nil, wrong("it is no key of " + origin)
		}
		text, err := OpenNote([]byte(link.Note), key)
		if i > 0 {
			text, err = OpenNote([]byte(link.Note), keys[i-1], key)
			keys[i-1].Until = link.Since
		}
		if err != nil {
			return nil, wrong(err.Error())
		}
		lines := strings.Split(text, "\n")
		if len(lines) != 7 {
			return nil, wrong("its handover has another form")
		}
		at, timeErr := time.Parse(time.RFC3339Nano, strings.TrimPrefix(lines[5], "at "))
		if timeErr != nil || HandoverText(origin, old, link.Verifier, link.Since, at) != text {
			return nil, wrong("the key before it named another one")
		}
		if i > 1 && link.Since < keys[i-2].Until {
			return nil, wrong("it signs from before the key before it")
		}
		keys, old = append(keys, SigningKey{key, math.MaxInt64}), link.Verifier
	}
	return keys, nil
}

// VerifierOf is the public key of a private one, both in the form of notes.
func VerifierOf(private string) (string, error) {
	wrong := lineage.Invalid("read private key", "", "it holds no private key in the form of signed notes")
	parts := strings.SplitN(private, "+", 5)
	if len(parts) != 5 {
		return "", wrong
	}
	raw, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return "", wrong
	}
	public, ok := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return "", wrong
	}
	verifier, err := note.NewEd25519VerifierKey(parts[2], public)
	if err != nil {
		return "", wrong
	}
	return verifier, nil
}
