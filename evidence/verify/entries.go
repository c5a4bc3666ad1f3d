package verify

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"wellspring/evidence"
	"wellspring/evidence/pack"
)

// mostProof is more hashes than a proof ever has: a log of 2^63 entries.
const mostProof = 64

// readEntries checks that every entry is in the log, and its payload with it.
func (c *check) readEntries() error {
	last := int64(-1)
	err := c.lines(pack.FileEntries, func(n int, text []byte) error {
		var line pack.Line
		if err := strict(text, &line); err != nil {
			return err
		}
		place := fmt.Sprintf("entry %d", line.Index)
		if line.Index <= last {
			c.fault(place, "it stands after entry %d", last)
		}
		last = line.Index
		c.entry(place, line)
		return nil
	})
	for name := range c.sums {
		if strings.HasPrefix(name, pack.DirPayloads) && !c.payloads[name] {
			c.fault(name, "no entry names it")
		}
	}
	return err
}

func (c *check) entry(place string, line pack.Line) {
	entry := evidence.Entry{Index: line.Index, Public: []byte(line.Public)}
	if line.Private != "" {
		entry.Private = []byte(line.Private)
	}
	public, err := entry.Read()
	if err != nil {
		c.fault(place, "%v", err)
		return
	}
	if public.Type == evidence.TypeAct {
		c.report.Answer.Acts++
	} else {
		c.report.Answer.Records++
	}
	if signature, is, err := evidence.SignatureOf(entry); err != nil {
		c.fault(place, "%v", err)
	} else if is {
		c.report.Signatures = append(c.report.Signatures, signature)
	}
	proof, err := proofOf(line.Proof)
	if err == nil {
		err = evidence.CheckInclusion(c.at, line.Index, entry.Public, proof)
	}
	if err != nil {
		c.fault(place, "%v", err)
	}
	if line.Payload == "" {
		return
	}
	c.payloads[line.Payload] = true
	c.report.Answer.Payloads++
	if c.actual[line.Payload] != public.DataSHA256 {
		c.fault(line.Payload, "it is not what the log has the hash of, in %s", place)
	}
}

func proofOf(texts []string) ([]tlog.Hash, error) {
	if len(texts) > mostProof {
		return nil, errors.New("its proof is too long")
	}
	proof := make([]tlog.Hash, len(texts))
	for i, text := range texts {
		raw, err := hex.DecodeString(text)
		if err != nil || len(raw) != tlog.HashSize {
			return nil, errors.New("its proof holds no hash")
		}
		copy(proof[i][:], raw)
	}
	return proof, nil
}

// readQuestion checks that what question.json says of the package is so.
func (c *check) readQuestion() error {
	text, err := c.whole(pack.FileQuestion)
	if err != nil {
		return err
	}
	var said pack.Answer
	if err := strict(text, &said); err != nil {
		return located{pack.FileQuestion, err}
	}
	found := c.report.Answer
	c.report.Answer = said
	switch {
	case said.Log != c.at.Origin || said.LogSize != c.at.Size:
		return located{pack.FileQuestion, errors.New("it speaks of another checkpoint than log/checkpoint")}
	case said.Records != found.Records || said.Acts != found.Acts || said.Payloads != found.Payloads:
		return located{pack.FileQuestion, fmt.Errorf("it speaks of %d records, %d acts and %d payloads; there are %d, %d and %d",
			said.Records, said.Acts, said.Payloads, found.Records, found.Acts, found.Payloads)}
	case said.LineageSHA256 != c.actual[pack.FileLineage]:
		return located{pack.FileQuestion, errors.New("it speaks of another lineage than lineage.ndjson")}
	}
	return nil
}

// readSignatures checks that the signatures of people are those of the log, and
// stand to the answer as it is said.
func (c *check) readSignatures() error {
	for i, s := range c.report.Signatures {
		c.report.Signatures[i] = c.report.Answer.Judge(s)
	}
	if _, named := c.sums[pack.FileSignatures]; !named && len(c.report.Signatures) == 0 {
		return nil // it was made when nobody could sign
	}
	text, err := c.whole(pack.FileSignatures)
	if err != nil {
		return err
	}
	var said []evidence.Signature
	if err := strict(text, &said); err != nil {
		return located{pack.FileSignatures, err}
	}
	found, err := json.Marshal(c.report.Signatures)
	if err != nil {
		return err
	}
	if again, err := json.Marshal(said); err != nil || !bytes.Equal(again, found) {
		return located{pack.FileSignatures, errors.New("it does not say what the entries of the log say: a signature was put in, left out or changed")}
	}
	return nil
}

// strict reads one JSON value that has no other members than into has.
func strict(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if decoder.More() {
		return errors.New("something follows the JSON value")
	}
	return nil
}
