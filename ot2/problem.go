package ot2

import (
	"errors"
	"fmt"

	"wellspring/lineage"
)

// problem is what is wrong at one place of a document. The place grows from
// the inside out as the error travels up.
type problem struct {
	place string
	at    int64 // byte offset in the document; -1 where unknown
	kind  lineage.ErrorKind
	what  string
	hint  string
}

func (p *problem) Error() string { return p.place + ": " + p.what }

// under puts the place of a problem under an outer step: "params" over
// "volume" is "params.volume".
func under(step string, err error) error {
	var p *problem
	if !errors.As(err, &p) {
		return err
	}
	switch {
	case p.place == "":
		p.place = step
	case p.place[0] == '[':
		p.place = step + p.place
	default:
		p.place = step + "." + p.place
	}
	return p
}

func underIndex(list string, index int, err error) error {
	return under(fmt.Sprintf("%s[%d]", list, index), err)
}

func (v value) problem(what, hint string) error {
	return &problem{at: v.at, kind: lineage.ErrorInvalid, what: what, hint: hint}
}

func (v value) wrong(want string) error {
	return v.problem(fmt.Sprintf("is %s, not %s", v.describe(), want), "compare the document with what the robot wrote")
}

func (v value) describe() string {
	switch {
	case v.null():
		return "null"
	case v.isObject():
		return "an object"
	case v.isArray():
		return "an array"
	case v.isString():
		return "the string " + shorten(v.text)
	}
	return shorten(v.text)
}

// shorten keeps an error readable whatever the document holds.
func shorten(text []byte) string {
	const most = 40
	if len(text) <= most {
		return string(text)
	}
	return string(text[:most]) + "…"
}

func tooLarge(op, what, hint string) *lineage.Error {
	return &lineage.Error{Op: op, Kind: lineage.ErrorTooLarge, ID: what, Hint: hint}
}
