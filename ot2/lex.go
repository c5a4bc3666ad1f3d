package ot2

import (
	"bytes"
	"encoding/json"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"
)

// lexer cuts JSON text into tokens without copying and without checking the
// grammar: encoding/json has checked it, or nobody needs it checked. It ends on
// any text, at the end of the text at the latest.
type lexer struct {
	text []byte
	pos  int
}

// token is one piece of JSON text. Its kind is '{', '}', '[', ']', ':' or ','
// for itself, '"' for a string, '0' for any other scalar and 0 after the end.
type token struct {
	kind       byte
	start, end int
}

func (l *lexer) next() token {
	for l.pos < len(l.text) && isSpace(l.text[l.pos]) {
		l.pos++
	}
	start := l.pos
	if start == len(l.text) {
		return token{0, start, start}
	}
	switch c := l.text[start]; c {
	case '{', '}', '[', ']', ':', ',':
		l.pos++
		return token{c, start, l.pos}
	case '"':
		l.pos++
		for l.pos < len(l.text) {
			switch l.text[l.pos] {
			case '\\':
				l.pos++
			case '"':
				l.pos++
				return token{'"', start, l.pos}
			}
			l.pos++
		}
		l.pos = len(l.text)
		return token{'"', start, l.pos}
	}
	for l.pos < len(l.text) && !endsScalar(l.text[l.pos]) {
		l.pos++
	}
	return token{'0', start, l.pos}
}

// value returns the next whole value, given its first token.
func (l *lexer) value(first token) []byte {
	if first.kind == '{' || first.kind == '[' {
		for depth := 1; depth > 0; {
			switch l.next().kind {
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			case 0:
				depth = 0
			}
		}
	}
	return l.text[first.start:l.pos]
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func endsScalar(c byte) bool {
	return isSpace(c) || c == ',' || c == ':' || c == '"' || c == '{' || c == '}' || c == '[' || c == ']'
}

// value is one JSON value and where it began in the document.
type value struct {
	text []byte
	at   int64
}

func (v value) null() bool     { return len(v.text) == 0 || v.text[0] == 'n' }
func (v value) isObject() bool { return len(v.text) > 0 && v.text[0] == '{' }
func (v value) isArray() bool  { return len(v.text) > 0 && v.text[0] == '[' }
func (v value) isString() bool { return len(v.text) > 0 && v.text[0] == '"' }

// members yields the members of an object. Keys with escapes come unescaped.
// Anything else than an object has none.
func (v value) members() iter.Seq2[[]byte, value] {
	return func(yield func([]byte, value) bool) {
		l := lexer{text: v.text}
		if l.next().kind != '{' {
			return
		}
		for {
			key := l.next()
			if key.kind == ',' {
				continue
			}
			if key.kind != '"' || l.next().kind != ':' {
				return
			}
			first := l.next()
			member := value{text: l.value(first), at: v.at + int64(first.start)}
			if !yield(unquoteKey(v.text[key.start:key.end]), member) {
				return
			}
		}
	}
}

// elements yields the elements of an array. Anything else has none.
func (v value) elements() iter.Seq2[int, value] {
	return func(yield func(int, value) bool) {
		l := lexer{text: v.text}
		if l.next().kind != '[' {
			return
		}
		for i := 0; ; {
			first := l.next()
			switch first.kind {
			case ',':
				continue
			case 0, ']', '}', ':':
				return
			}
			if !yield(i, value{text: l.value(first), at: v.at + int64(first.start)}) {
				return
			}
			i++
		}
	}
}

func unquoteKey(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 && len(quoted) >= 2 {
		return quoted[1 : len(quoted)-1]
	}
	return []byte(unquote(quoted))
}

// unquote returns the content of a JSON string; of an unfinished one, as far
// as it goes.
func unquote(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') >= 0 {
		var s string
		if json.Unmarshal(quoted, &s) == nil {
			return s
		}
	}
	inner := bytes.TrimPrefix(quoted, []byte{'"'})
	inner = bytes.TrimSuffix(inner, []byte{'"'})
	if utf8.Valid(inner) {
		return string(inner)
	}
	return strings.ToValidUTF8(string(inner), "\uFFFD")
}

// str reads a string. null is the empty string.
func (v value) str() (string, error) {
	switch {
	case v.null():
		return "", nil
	case v.isString():
		return unquote(v.text), nil
	}
	return "", v.wrong("a string")
}

// word reads a string, or a number as the text that it is: a slot is "3" or 3.
func (v value) word() (string, error) {
	if len(v.text) > 0 && (v.text[0] == '-' || v.text[0] >= '0' && v.text[0] <= '9') {
		return string(v.text), nil
	}
	return v.str()
}

// number reads a number. null is nil.
func (v value) number() (*float64, error) {
	if v.null() {
		return nil, nil
	}
	if v.text[0] != '-' && (v.text[0] < '0' || v.text[0] > '9') {
		return nil, v.wrong("a number")
	}
	f, err := strconv.ParseFloat(string(v.text), 64)
	if err != nil {
		return nil, v.problem("the number "+shorten(v.text)+" is out of range", "check the source of this value")
	}
	return &f, nil
}

// integer reads a whole number. null is 0.
func (v value) integer() (int, error) {
	f, err := v.number()
	if err != nil || f == nil {
		return 0, err
	}
	n := int(*f)
	if float64(n) != *f {
		return 0, v.wrong("a whole number")
	}
	return n, nil
}

// boolean reads true or false. null is false.
func (v value) boolean() (bool, error) {
	switch {
	case v.null() || v.text[0] == 'f':
		return false, nil
	case v.text[0] == 't':
		return true, nil
	}
	return false, v.wrong("true or false")
}

// object says whether v is an object that can be read: null is none, anything
// else is wrong.
func (v value) object() (bool, error) {
	if v.null() {
		return false, nil
	}
	if !v.isObject() {
		return false, v.wrong("an object")
	}
	return true, nil
}

// array is object for arrays.
func (v value) array() (bool, error) {
	if v.null() {
		return false, nil
	}
	if !v.isArray() {
		return false, v.wrong("an array")
	}
	return true, nil
}

// compact returns the text without insignificant space, in memory of its own.
func (v value) compact() json.RawMessage {
	var b bytes.Buffer
	b.Grow(len(v.text))
	if json.Compact(&b, v.text) != nil {
		return nil
	}
	return b.Bytes()
}

// quote writes a string as JSON.
func quote(s []byte) []byte {
	quoted, _ := json.Marshal(string(s)) // a string always encodes
	return quoted
}
