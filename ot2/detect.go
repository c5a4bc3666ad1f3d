package ot2

import (
	"bytes"

	"wellspring/lineage"
)

const opDetect = "detect run"

// Detect says which run or analysis a payload is about without decoding it
// further, for the door to file it under: id is the robot's run or analysis id,
// empty where the payload names none. An analysis without an id gets the one
// that Decode gives it; so detect what is stored, after Redact.
//
// It reads names, not values: a payload that it knows may still fail to decode.
func Detect(payload []byte, limits Limits) (shape Shape, id string, plan bool, err error) {
	g := newGate(nil, opDetect, limits.orDefault())
	if err := g.scan(payload); err != nil {
		return "", "", false, err
	}
	document := value{text: bytes.TrimLeft(payload, " \t\r\n")}
	if !document.isObject() || g.depth != 0 || g.inString {
		return "", "", false, &lineage.Error{Op: opDetect, Kind: lineage.ErrorInvalid, ID: "no whole JSON object",
			Hint: "give one run or analysis as JSON"}
	}
	var e evidence
	e.section(document, true)
	if shape, err = e.judge(opDetect); err != nil {
		return "", "", false, err
	}
	id = e.id()
	if e.plan && id == "" {
		id = g.contentID()
	}
	return shape, id, e.plan, nil
}

// section gathers what a section's names tell, as decoder.section does.
func (e *evidence) section(object value, top bool) {
	var id value
	var command bool
	for key, v := range object.members() {
		name := string(key)
		switch {
		case name == "commands":
			e.note(name, value{}, top)
			e.commandsMember(v, top)
		case nested(name):
			e.note(name, value{}, top)
			e.nestedSection(name, v, top)
		case name == "id":
			id = v
			e.note(name, v, top)
		default:
			command = command || name == "commandType"
			e.note(name, v, top)
		}
	}
	if text, err := id.word(); err == nil && !command && e.sectionID == "" {
		e.sectionID = text
	}
}

func (e *evidence) nestedSection(name string, v value, top bool) {
	switch {
	case v.isObject():
		if name == "data" {
			e.data = '{'
		}
		e.fragment = e.fragment || name == "run" && top
		e.section(v, false)
	case v.isArray() && name == "data":
		e.data = '['
		for _, element := range v.elements() {
			e.listed(element)
		}
	}
}

func (e *evidence) commandsMember(v value, top bool) {
	switch {
	case v.isArray():
		e.sawCommands(top)
	case v.isObject():
		e.sawCommands(top)
		e.note("links", v.member("links"), false)
	}
}

// listed takes an element of a robot's answer into account. It reports whether
// it is a command.
func (e *evidence) listed(v value) bool {
	if !v.isObject() || !v.member("commandType").null() {
		return true
	}
	e.foreign = true
	e.runs = e.runs || !v.member("actions").null()
	return false
}
