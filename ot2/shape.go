package ot2

import (
	"strings"

	"wellspring/lineage"
)

// evidence is what the names in a document tell about its shape. Decode and
// Detect gather it on different roads and judge it on this one.
type evidence struct {
	signed    bool // signedBy, logPeriodId
	plan      bool // an analysis's result or status
	fragment  bool // runId beside run or commands
	serial    bool // a robot's serial number
	header    bool // members that a run's header has and little else
	command   bool // a single command
	data      byte // '{', '[' or 0: what stands under data
	commands  bool // a list of commands
	beside    bool // … beside data, not in it
	foreign   bool // data lists something else
	protocol  bool // a protocol, not a run
	labware   bool // a labware definition
	runs      bool // a list of runs
	errors    bool
	names     []string // the first member names, for the error
	runID     string   // named as such
	sectionID string   // the id of the header
	linkID    string   // from links.current.href
}

// nested reports whether what stands under the name is a section of its own.
func nested(name string) bool {
	switch name {
	case "data", "run", "log", "payload":
		return true
	}
	return false
}

// note takes one member into account that is no section and no list of
// commands. top says that it stands at the top of the document.
func (e *evidence) note(name string, v value, top bool) {
	if top && len(e.names) < 8 {
		e.names = append(e.names, name)
	}
	switch name {
	case "signedBy", "logPeriodId":
		e.signed = true
	case "runId":
		if top && v.isString() {
			e.runID = unquote(v.text)
		}
	case "robotSerial", "robot_serial", "robotSerialNumber":
		e.serial = true
	case "actions", "pipettes", "labware", "protocolId", "runTimeParameters", "labwareOffsets":
		e.header = true
	case "commandType":
		e.command = e.command || v.isString()
	case "result":
		e.plan = e.plan || v.isString()
	case "status":
		if v.isString() {
			status := unquote(v.text)
			e.plan = e.plan || status == "completed" || status == "pending"
		}
	case "labwareDefinitions", "commandSchemaId", "designerApplication":
		e.protocol = true
	case "wells":
		e.labware = e.labware || v.isObject()
	case "errors":
		e.errors = e.errors || v.isArray() && len(v.text) > 2
	case "links":
		if id := linkedRun(v); id != "" {
			e.linkID = id
		}
	}
}

// linkedRun returns the run in links.current.href: /runs/{id}/commands/{id}.
func linkedRun(links value) string {
	href := links.member("current").member("href")
	if !href.isString() {
		return ""
	}
	rest, ok := strings.CutPrefix(unquote(href.text), "/runs/")
	if !ok {
		return ""
	}
	id, _, _ := strings.Cut(rest, "/")
	return id
}

// member returns the member of that name, or null.
func (v value) member(name string) value {
	for key, member := range v.members() {
		if string(key) == name {
			return member
		}
	}
	return value{at: v.at}
}

// id is the run's or analysis's id, by the best source there is.
func (e *evidence) id() string {
	switch {
	case e.runID != "":
		return e.runID
	case e.sectionID != "":
		return e.sectionID
	}
	return e.linkID
}

// sawCommands notes a list of commands.
func (e *evidence) sawCommands(top bool) {
	e.commands = true
	e.fragment = e.fragment || top
	e.beside = e.beside || top
}

// judge tells the shape, or why it is none.
func (e *evidence) judge(op string) (Shape, error) {
	switch {
	case e.protocol:
		return "", other(op, "a JSON protocol", "import its analysis or a run of it")
	case e.labware && !e.header:
		return "", other(op, "a labware definition", "put it into the folder of labware definitions")
	case e.runs:
		return "", other(op, "a list of runs", "import each run with its commands")
	case e.foreign:
		return "", e.unknown(op)
	case !e.header && !e.commands && !e.command && e.data != '[' && e.errors && !e.plan:
		return "", other(op, "an error that the robot answered with", "ask the robot again; nothing was recorded")
	case !e.header && !e.commands && !e.command && !e.plan && !e.signed && e.data != '[' && e.runID == "":
		return "", e.unknown(op)
	case e.signed:
		return ShapeSigned, nil
	case e.plan:
		return ShapeAnalysis, nil
	case e.data != 0 && e.beside, e.data == '{' && e.commands:
		return ShapeAppDownload, nil
	case e.data != 0:
		return ShapeHTTP, nil
	case e.runID != "" && !e.serial && e.fragment:
		return ShapeFragment, nil
	case e.command:
		return ShapeHTTP, nil
	case e.header || e.commands:
		return ShapeFlat, nil
	}
	return "", e.unknown(op)
}

func (e *evidence) unknown(op string) error {
	what := "an empty object"
	if len(e.names) > 0 {
		what = "an object of " + strings.Join(e.names, ", ")
	}
	return other(op, what, "give an app download, a flat or signed log, an analysis, or an answer of the robot's /runs API")
}

func other(op, what, hint string) error {
	return &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: what + " is no OT-2 run or analysis", Hint: hint}
}
