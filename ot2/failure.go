package ot2

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"wellspring/lineage"
)

// nameSet finds names that repeat within one object.
type nameSet struct{ names map[string]struct{} }

func (s *nameSet) add(name string) bool {
	if s.names == nil {
		s.names = make(map[string]struct{})
	}
	if _, ok := s.names[name]; ok {
		return false
	}
	s.names[name] = struct{}{}
	return true
}

func duplicate(name string, at int64) error {
	return &problem{place: name, at: at, kind: lineage.ErrorInvalid, what: "the name stands twice in one object",
		hint: "nobody can tell which of the two counts: correct the source"}
}

// isOurs reports whether err is no complaint of encoding/json about the text.
func isOurs(err error) bool {
	var ours *lineage.Error
	return errors.As(err, &ours)
}

// fail makes any error of a walk one that a caller can show.
func (d *decoder) fail(err error) error {
	var ours *lineage.Error
	var p *problem
	var syntax *json.SyntaxError
	var number *json.UnmarshalTypeError
	switch {
	case errors.As(err, &ours):
		return err
	case errors.As(err, &p):
		return &lineage.Error{Op: opDecode, Kind: p.kind, ID: p.place, Hint: p.hint,
			Err: fmt.Errorf("%s, at %s", p.what, d.gate.position(p.at))}
	case d.gate.read == 0 && errors.Is(err, io.EOF):
		return &lineage.Error{Op: opDecode, Kind: lineage.ErrorInvalid, Hint: "give a run or an analysis as JSON", Err: errors.New("the document is empty")}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &lineage.Error{Op: opDecode, Kind: lineage.ErrorInvalid, Hint: "fetch the whole document again",
			Err: fmt.Errorf("the document is cut off at %s", d.gate.position(d.gate.read))}
	case errors.As(err, &syntax), errors.As(err, &number):
		return d.notJSON(err)
	}
	return &lineage.Error{Op: opDecode, Kind: lineage.ErrorUnavailable, Hint: "read the source again", Err: err}
}

// notJSON finds where exactly the text stops being JSON: the decoder's own
// offsets count from the last value it read.
func (d *decoder) notJSON(cause error) error {
	at := d.json.InputOffset()
	rest, _ := io.ReadAll(io.LimitReader(d.json.Buffered(), d.limits.Bytes))
	skip := 0
	for skip < len(rest) && (isSpace(rest[skip]) || rest[skip] == ',' || rest[skip] == ':') {
		skip++
	}
	var raw json.RawMessage
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal(rest[skip:], &raw), &syntax) {
		at += int64(skip) + max(syntax.Offset-1, 0)
		skip += int(max(syntax.Offset-1, 0))
	}
	hint := "the document is no JSON: check what wrote it"
	if skip < len(rest) && (rest[skip] == 'N' || rest[skip] == 'I') {
		hint = "NaN and Infinity are no JSON: write null for an unknown number"
	}
	return &lineage.Error{Op: opDecode, Kind: lineage.ErrorInvalid, Hint: hint,
		Err: fmt.Errorf("%w, at %s", cause, d.gate.position(at))}
}
