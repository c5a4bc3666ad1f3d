package query

import (
	"encoding/json"
	"io"
	"strconv"

	"wellspring/lineage"
)

// AppendJSON appends what encoding/json writes of i, without its reflection.
func (i Item) AppendJSON(b []byte) ([]byte, error) {
	b, err := i.AppendFields(append(b, '{'))
	if err != nil {
		return b, err
	}
	b = strconv.AppendInt(append(b, `,"depth":`...), int64(i.Depth), 10)
	if b, err = appendOptional(append(b, `,"fraction":`...), i.Fraction); err != nil {
		return b, err
	}
	if b, err = appendOptional(append(b, `,"volume_ul":`...), i.VolumeUl); err != nil {
		return b, err
	}
	concentrations := []byte("[]") // nearly always
	if i.Concentrations == nil || len(i.Concentrations) > 0 {
		if concentrations, err = json.Marshal(i.Concentrations); err != nil {
			return b, err
		}
	}
	b = append(append(b, `,"concentrations":`...), concentrations...)
	b = strconv.AppendBool(append(b, `,"origin":`...), i.Origin)
	b = strconv.AppendBool(append(b, `,"possible":`...), i.Possible)
	return append(b, '}'), nil
}

func appendOptional(b []byte, number *float64) ([]byte, error) {
	if number == nil {
		return append(b, "null"...), nil
	}
	return lineage.AppendNumber(b, *number)
}

// WriteJSON writes what an encoding/json Encoder writes of a, piece by piece and in a
// quarter of the time: an answer may have 10,000 items, and as many edges and steps.
func (a Answer) WriteJSON(w io.Writer) error {
	out := &pieces{to: w, buffer: append(make([]byte, 0, 2*piece), '{')}
	writeList(out, "roots", a.Roots)
	out.field("direction", a.Direction)
	if a.Sentence != "" {
		out.field("sentence", a.Sentence)
	}
	writeList(out, "items", a.Items)
	writeList(out, "edges", a.Edges)
	writeList(out, "steps", a.Steps)
	writeList(out, "experiments", a.Experiments)
	if a.Next != "" {
		out.field("next", a.Next)
	}
	out.field("truncated", a.Truncated)
	out.field("complete", a.Complete)
	out.field("reasons", a.Reasons)
	out.field("explanations", a.Explanations)
	out.buffer = append(out.buffer, "}\n"...)
	out.flush()
	return out.err
}

// piece is about how many bytes are written at once.
const piece = 32 << 10

// pieces writes the fields of an object, until the first error.
type pieces struct {
	to     io.Writer
	buffer []byte
	fields int
	err    error
}

func (p *pieces) name(field string) {
	if p.fields++; p.fields > 1 {
		p.buffer = append(p.buffer, ',')
	}
	p.buffer = append(append(append(p.buffer, '"'), field...), `":`...)
}

func (p *pieces) field(name string, value any) {
	text, err := json.Marshal(value)
	if p.err == nil {
		p.err = err
	}
	p.name(name)
	p.buffer = append(p.buffer, text...)
}

func (p *pieces) flush() {
	if p.err == nil {
		_, p.err = p.to.Write(p.buffer)
	}
	p.buffer = p.buffer[:0]
}

func writeList[T interface {
	AppendJSON(b []byte) ([]byte, error)
}](p *pieces, name string, list []T) {
	p.name(name)
	if list == nil {
		p.buffer = append(p.buffer, "null"...)
		return
	}
	p.buffer = append(p.buffer, '[')
	for i, thing := range list {
		if p.err != nil {
			return
		}
		if i > 0 {
			p.buffer = append(p.buffer, ',')
		}
		if p.buffer, p.err = thing.AppendJSON(p.buffer); len(p.buffer) >= piece {
			p.flush()
		}
	}
	p.buffer = append(p.buffer, ']')
}
