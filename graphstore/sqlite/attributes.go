package sqlite

import (
	"github.com/mailru/easyjson/jlexer"

	"wellspring/lineage"
)

// A decoder reads attributes as the engine wrote them: one object, whose values
// are strings, numbers, bools and lists of strings or of numbers. It reads them in
// a quarter of the time that encoding/json needs for a value of any type
// (BenchmarkAttributes). Texts that come again and again, keys first of all, are
// kept once.
type decoder struct {
	texts   map[string]string
	scalars map[string]any                // by their JSON
	whole   map[string]lineage.Attributes // by their JSON
}

// textsKept bounds how many texts and how many scalars a decoder keeps once, textKept
// their length. wholeKept is how many attributes it keeps.
const (
	textsKept = 4096
	textKept  = 24
	wholeKept = 1024
)

func newDecoder() *decoder {
	return &decoder{map[string]string{}, map[string]any{}, map[string]lineage.Attributes{}}
}

// text returns a string that stays.
func (d *decoder) text(b []byte) string {
	if s, ok := d.texts[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(s) <= textKept && len(d.texts) < textsKept {
		d.texts[s] = s
	}
	return s
}

// shared reads attributes that come again and again, such as those of edges: the same
// text is read once.
func (d *decoder) shared(text []byte) (lineage.Attributes, error) {
	if a, ok := d.whole[string(text)]; ok {
		return a, nil
	}
	a, err := d.attributes(text)
	if err == nil && len(d.whole) < wholeKept {
		d.whole[string(text)] = a
	}
	return a, err
}

// attributes reads attributes. Most edges have none.
func (d *decoder) attributes(text []byte) (lineage.Attributes, error) {
	a := lineage.Attributes{}
	if string(text) == "{}" {
		return a, nil
	}
	l := jlexer.Lexer{Data: text}
	l.Delim('{')
	for l.Ok() && !l.IsDelim('}') {
		key := d.text(l.UnsafeBytes())
		l.WantColon()
		a[key] = d.value(&l)
		l.WantComma()
	}
	l.Delim('}')
	l.Consumed()
	return a, l.Error()
}

func (d *decoder) value(l *jlexer.Lexer) any {
	if l.IsDelim('[') {
		return d.list(l)
	}
	raw := l.Raw()
	if v, ok := d.scalars[string(raw)]; ok {
		return v
	}
	v, err := scalar(raw)
	if err != nil {
		l.AddError(err)
	} else if len(raw) <= textKept && len(d.scalars) < textsKept {
		d.scalars[string(raw)] = v
	}
	return v
}

func scalar(raw []byte) (v any, err error) {
	l := jlexer.Lexer{Data: raw}
	switch l.CurrentToken() {
	case jlexer.TokenString:
		v = l.String()
	case jlexer.TokenNumber:
		v = l.Float64()
	default:
		v = l.Bool()
	}
	return v, l.Error()
}

// list is a []float64 if it begins with a number, else a []string.
func (d *decoder) list(l *jlexer.Lexer) any {
	l.Delim('[')
	if l.IsDelim(']') {
		l.Delim(']')
		return []string{}
	}
	if l.CurrentToken() == jlexer.TokenNumber {
		return items(l, l.Float64)
	}
	return items(l, func() string { return d.text(l.UnsafeBytes()) })
}

func items[T any](l *jlexer.Lexer, item func() T) []T {
	list := make([]T, 0, 4)
	for l.Ok() && !l.IsDelim(']') {
		list = append(list, item())
		l.WantComma()
	}
	l.Delim(']')
	return list
}
