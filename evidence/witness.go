package evidence

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"wellspring/lineage"
)

// Submission is what a log asks a witness to cosign, in the form of
// c2sp.org/tlog-witness.
type Submission struct {
	Old        int64       // the size that the witness saw last; 0: none
	Proof      []tlog.Hash // that the log of that size is the beginning of the new one
	Checkpoint []byte      // the new one, signed
}

// Witnessed is the last that a witness saw of a log.
type Witnessed struct {
	Origin string
	Size   int64
	Note   string // the checkpoint
}

// ErrUnproven is the refusal of a log that does not go on from what the witness saw.
var ErrUnproven = errors.New("the log does not go on from what the witness saw")

// SeenError says that the witness saw another size than the log believes.
type SeenError struct{ Size int64 }

func (e *SeenError) Error() string {
	return fmt.Sprintf("the witness saw a log of %d entries last", e.Size)
}

// MostSubmission is more bytes than a submission ever has.
const MostSubmission = 16 << 10

// Text is the submission as it is sent.
func (s Submission) Text() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", s.Old)
	for _, h := range s.Proof {
		b.WriteString(base64.StdEncoding.EncodeToString(h[:]) + "\n")
	}
	b.WriteString("\n")
	b.Write(s.Checkpoint)
	return b.Bytes()
}

// ParseSubmission reads what Text writes.
func ParseSubmission(text []byte) (Submission, error) {
	const op = "read submission"
	head, checkpoint, found := bytes.Cut(text, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	size, isOld := strings.CutPrefix(lines[0], "old ")
	old, err := strconv.ParseInt(size, 10, 64)
	if !found || !isOld || err != nil || old < 0 {
		return Submission{}, lineage.Invalid(op, "old", "send the line old SIZE, the lines of the proof, an empty line and the checkpoint: c2sp.org/tlog-witness")
	}
	s := Submission{Old: old, Checkpoint: checkpoint}
	if len(lines) > 64 {
		return s, lineage.Invalid(op, "proof", "no proof has more than 63 lines")
	}
	for _, line := range lines[1:] {
		raw, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(raw) != tlog.HashSize {
			return s, lineage.Invalid(op, "proof", "each line is a hash in base64")
		}
		s.Proof = append(s.Proof, tlog.Hash(raw))
	}
	return s, nil
}
