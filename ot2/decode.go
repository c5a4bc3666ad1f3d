package ot2

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"unicode/utf8"

	"wellspring/lineage"
)

const opDecode = "decode run"

// Limits bound what a decoder takes. A zero field means the default.
type Limits struct {
	Bytes    int64 // of one document
	Depth    int   // of nested JSON
	Commands int   // of one run
}

// DefaultLimits take the largest real run many times over.
func DefaultLimits() Limits { return Limits{Bytes: 64 << 20, Depth: 64, Commands: 200_000} }

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	if l.Bytes > 0 {
		d.Bytes = l.Bytes
	}
	if l.Depth > 0 {
		d.Depth = l.Depth
	}
	if l.Commands > 0 {
		d.Commands = l.Commands
	}
	return d
}

// Decode reads one document of any shape. It streams: memory holds the decoded
// run and one command (or one other member) at a time, not the text. Errors are
// *lineage.Error; they name the place.
//
// An analysis without an id, as test snapshots are, gets the id "sha256-" and
// the first 32 hex digits of the SHA-256 of its text less insignificant space.
// A command without an id gets "#" and its place in the list.
func Decode(r io.Reader, limits Limits) (Document, error) {
	return newDecoder(r, limits).decode()
}

// Check returns the error of Decode, and keeps no command.
func Check(r io.Reader, limits Limits) error {
	d := newDecoder(r, limits)
	d.checks = true
	_, err := d.decode()
	return err
}

func newDecoder(r io.Reader, limits Limits) *decoder {
	limits = limits.orDefault()
	g := newGate(r, opDecode, limits)
	d := &decoder{gate: g, json: json.NewDecoder(g), limits: limits, shelf: newShelf()}
	d.run.CommandsTotal = -1
	return d
}

func (d *decoder) decode() (Document, error) {
	if err := d.document(); err != nil {
		return Document{}, d.fail(err)
	}
	document, err := d.finish()
	if err == nil && d.doubtful != nil {
		return Document{}, d.fail(d.doubtful)
	}
	return document, err
}

// decoder walks the tokens of one document. Sections and lists of commands are
// walked; any other member is taken whole.
type decoder struct {
	gate   *gate
	json   *json.Decoder
	limits Limits
	shelf  *shelf
	seen   evidence
	run    Run
	// commands is how many there were. They are in run, unless this only checks.
	commands int
	checks   bool
	// doubtful is the first thing wrong with the header.
	doubtful error
	raw      json.RawMessage // the member at hand
}

func (d *decoder) document() error {
	first, err := d.json.Token()
	if err != nil {
		return err
	}
	if first != json.Delim('{') {
		return &problem{at: 0, kind: lineage.ErrorInvalid, what: "the document is no JSON object", hint: "give one run or analysis, not a list or a bare value"}
	}
	if err := d.section(true); err != nil {
		return err
	}
	switch _, err := d.json.Token(); {
	case err == io.EOF:
		return nil
	case isOurs(err):
		return err
	}
	return &problem{at: d.json.InputOffset(), kind: lineage.ErrorInvalid, what: "something follows the document", hint: "give one document at a time"}
}

func (d *decoder) finish() (Document, error) {
	shape, err := d.seen.judge(opDecode)
	if err != nil {
		return Document{}, err
	}
	run := &d.run
	run.ID = d.seen.id()
	if run.Plan = d.seen.plan; run.Plan {
		if run.ID == "" {
			run.ID = d.gate.contentID()
		}
		if run.Status == "" && run.Result != "" {
			run.Status = "completed"
		}
	}
	return Document{Shape: shape, Run: *run}, nil
}

// section reads the members of an object up to its end; its beginning was read.
// It is a run's header, an analysis, a command, or what lies around these.
func (d *decoder) section(top bool) error {
	var own ownMembers
	var names nameSet
	for d.json.More() {
		name, err := d.name(&names)
		if err != nil {
			return err
		}
		switch {
		case name == "commands":
			err = d.commandsMember(top)
		case nested(name):
			err = d.nestedSection(name, top)
		default:
			err = d.member(name, top, &own)
		}
		if err != nil {
			return err
		}
	}
	if _, err := d.json.Token(); err != nil {
		return err
	}
	return d.settle(own)
}

// name reads the name of the next member.
func (d *decoder) name(names *nameSet) (string, error) {
	token, err := d.json.Token()
	if err != nil {
		return "", err
	}
	name, ok := token.(string)
	if !ok {
		return "", io.ErrUnexpectedEOF
	}
	if !names.add(name) {
		return "", duplicate(name, d.json.InputOffset())
	}
	return name, nil
}

// value takes the next value whole. It is valid until the next call.
func (d *decoder) value() (value, error) {
	if err := d.json.Decode(&d.raw); err != nil {
		return value{}, err
	}
	v := value{text: d.raw, at: d.json.InputOffset() - int64(len(d.raw))}
	d.gate.forget(v.at)
	if !utf8.Valid(v.text) {
		v.text = bytes.ToValidUTF8(v.text, []byte("\uFFFD"))
	}
	return v, nil
}

// clean returns what stands under name less its secrets.
func (d *decoder) clean(name string, v value) value {
	var places []string
	v.text, places = redactMember(name, v.text)
	d.run.Redacted = append(d.run.Redacted, places...)
	return v
}

func (d *decoder) nestedSection(name string, top bool) error {
	d.seen.note(name, value{}, top)
	first, err := d.json.Token()
	if err != nil {
		return err
	}
	switch first {
	case json.Delim('{'):
		if name == "data" {
			d.seen.data = '{'
		}
		if name == "run" && top {
			d.seen.fragment = true
		}
		return d.section(false)
	case json.Delim('['):
		if name == "data" {
			d.seen.data = '['
			return d.list(true)
		}
		return d.skipList()
	}
	return nil
}

// commandsMember reads the list of commands, or {data: list, meta, links}.
func (d *decoder) commandsMember(top bool) error {
	d.seen.note("commands", value{}, top)
	first, err := d.json.Token()
	if err != nil {
		return err
	}
	switch first {
	case json.Delim('['):
		d.seen.sawCommands(top)
		return d.list(false)
	case json.Delim('{'):
		d.seen.sawCommands(top)
		return d.commandsObject()
	case nil:
		return nil
	}
	return under("commands", &problem{at: d.json.InputOffset(), kind: lineage.ErrorInvalid, what: "is no list of commands", hint: "compare the document with what the robot wrote"})
}

func (d *decoder) commandsObject() error {
	var names nameSet
	for d.json.More() {
		name, err := d.name(&names)
		if err != nil {
			return err
		}
		if name == "data" {
			if err := d.commandsData(); err != nil {
				return err
			}
			continue
		}
		v, err := d.value()
		if err != nil {
			return err
		}
		if err := d.listMember(name, v); err != nil {
			return under("commands", err)
		}
	}
	_, err := d.json.Token()
	return err
}

func (d *decoder) commandsData() error {
	switch first, err := d.json.Token(); {
	case err != nil:
		return err
	case first == json.Delim('['):
		return d.list(false)
	case first == nil:
		return nil
	}
	return under("commands.data", &problem{at: d.json.InputOffset(), kind: lineage.ErrorInvalid, what: "is no list of commands", hint: "compare the document with what the robot wrote"})
}

// listMember reads what stands beside a list of commands.
func (d *decoder) listMember(name string, v value) error {
	switch name {
	case "links":
		d.seen.note(name, v, false)
	case "meta":
		if total := v.member("totalLength"); !total.null() {
			n, err := total.integer()
			if err != nil {
				return under("meta.totalLength", err)
			}
			d.run.CommandsTotal = n
		}
	}
	return nil
}

// list reads a list of commands up to its end. In an answer of the robot
// (data), it may turn out to list something else.
func (d *decoder) list(data bool) error {
	for i := 0; d.json.More(); i++ {
		v, err := d.value()
		if err != nil {
			return err
		}
		if data && !d.seen.listed(v) {
			continue
		}
		if err := d.element(d.clean("commands["+strconv.Itoa(i)+"]", v)); err != nil {
			return underIndex("commands", i, err)
		}
	}
	_, err := d.json.Token()
	return err
}

// element reads one command of a list: an object, or a string with its JSON.
func (d *decoder) element(v value) error {
	if v.isString() {
		return d.preSerialized(v)
	}
	if ok, err := v.object(); !ok {
		return err
	}
	return d.command(v.members())
}

func (d *decoder) preSerialized(v value) error {
	text := []byte(unquote(v.text))
	if err := checkBounds(opDecode, text, d.limits); err != nil {
		return err
	}
	if !json.Valid(text) || text[0] != '{' {
		return v.problem("the text is no JSON object", "a pre-serialized command is an object as JSON text")
	}
	err := d.command(value{text: text, at: v.at}.members())
	var p *problem
	if errors.As(err, &p) {
		p.at = v.at // positions within the text mean nothing outside it
	}
	return err
}

func (d *decoder) command(members iter.Seq2[[]byte, value]) error {
	if d.commands == d.limits.Commands {
		return tooLarge(opDecode, fmt.Sprintf("run of more than %d commands", d.limits.Commands), "split the run or raise the limit of commands")
	}
	c, err := d.shelf.command(members)
	if c.ID == "" {
		c.ID = fmt.Sprintf("#%d", d.commands)
	}
	d.commands++
	if !d.checks {
		d.shelf.share(&c)
		if n := len(d.run.Commands); n == cap(d.run.Commands) {
			d.run.Commands = slices.Grow(d.run.Commands, min(d.gate.expect(n), d.limits.Commands-n))
		}
		d.run.Commands = append(d.run.Commands, c)
	}
	return err
}

func (d *decoder) skipList() error {
	for d.json.More() {
		if _, err := d.value(); err != nil {
			return err
		}
	}
	_, err := d.json.Token()
	return err
}

// member takes a member that is no section. What both a run and a command have
// waits until the section's end tells which it was.
func (d *decoder) member(name string, top bool, own *ownMembers) error {
	v, err := d.value()
	if err != nil {
		return err
	}
	v = d.clean(name, v)
	d.seen.note(name, v, top)
	if own.keep(name, v) {
		return nil
	}
	if name == "meta" {
		return d.listMember(name, v)
	}
	d.doubt(name, d.run.header(name, v))
	return nil
}

// doubt keeps what is wrong with a header's member until it is known that the
// document is a run at all: another tool's document has other members.
func (d *decoder) doubt(name string, err error) {
	if err != nil && d.doubtful == nil {
		d.doubtful = under(name, err)
	}
}

// settle reads the members that waited for the end of their section.
func (d *decoder) settle(own ownMembers) error {
	if own.command {
		if err := d.command(own.all()); err != nil {
			return underIndex("commands", d.commands-1, err)
		}
		return nil
	}
	for name, v := range own.all() {
		var err error
		switch string(name) {
		case "id":
			var id string
			if id, err = v.word(); d.seen.sectionID == "" {
				d.seen.sectionID = id
			}
		case "result":
			if v.isString() {
				err = fill(&d.run.Result, v)
			}
		default:
			err = d.run.header(string(name), v)
		}
		d.doubt(string(name), err)
	}
	return nil
}

// ownMembers are those members of a section that a run's header and a command
// both may have.
type ownMembers struct {
	names   []string
	values  []value
	command bool
}

func (o *ownMembers) keep(name string, v value) bool {
	switch name {
	case "commandType":
		o.command = true
	case "id", "key", "intent", "status", "createdAt", "startedAt", "completedAt", "failedCommandId", "params", "result", "error":
	default:
		return false
	}
	o.names = append(o.names, name)
	o.values = append(o.values, value{text: bytes.Clone(v.text), at: v.at})
	return true
}

func (o *ownMembers) all() iter.Seq2[[]byte, value] {
	return func(yield func([]byte, value) bool) {
		for i, name := range o.names {
			if !yield([]byte(name), o.values[i]) {
				return
			}
		}
	}
}
