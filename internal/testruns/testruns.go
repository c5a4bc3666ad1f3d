// Package testruns makes run records of any length, always the same for the
// same name: what is measured and what is broken on purpose needs many of them.
//
// On the road of a fact it stands before the door: only tests import it.
//
// It refuses to be realistic in more than its shape: liquids, volumes and the
// order of commands are those of an example, over and over.
package testruns

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"time"

	"wellspring/examples"
)

// The examples whose commands are repeated.
const (
	Dilution  = "serial_dilution" // eight channels: a dispense changes eight wells
	Normalize = "normalize"       // one channel: a dispense changes one well
)

// Record is a run in the shape of the App's download, taken apart.
type Record struct {
	ID       string
	Header   map[string]any
	Commands []map[string]any
	links    any
}

// New returns a run of so many commands: those of an example, and then those after
// its set-up over and over, with ids and times of their own.
func New(example, id string, commands int) Record {
	text, err := fs.ReadFile(examples.Files, "runs/"+example+".json")
	if err != nil {
		panic(err) // there is no such example
	}
	var d struct {
		Data     map[string]any `json:"data"`
		Commands struct {
			Data  []map[string]any `json:"data"`
			Links any              `json:"links"`
		} `json:"commands"`
	}
	if err := json.Unmarshal(text, &d); err != nil {
		panic(err) // examples are embedded
	}
	d.Data["id"] = id
	list := d.Commands.Data
	first := 0
	for list[first]["commandType"] != "pickUpTip" {
		first++
	}
	last, err := time.Parse(time.RFC3339Nano, list[len(list)-1]["startedAt"].(string))
	if err != nil {
		panic(err)
	}
	for round := list[first:]; len(list) < commands; {
		for _, command := range round[:min(len(round), commands-len(list))] {
			again := maps.Clone(command)
			last = last.Add(time.Second)
			again["id"] = fmt.Sprintf("again-%d", len(list))
			again["key"] = again["id"]
			again["createdAt"], again["startedAt"], again["completedAt"] = last, last, last.Add(time.Second)
			list = append(list, again)
		}
	}
	d.Data["completedAt"] = last.Add(2 * time.Second)
	return Record{ID: id, Header: d.Data, Commands: list[:min(len(list), max(commands, first))], links: d.Commands.Links}
}

// Document is the record as the App downloads it.
func (r Record) Document() []byte {
	return encode(map[string]any{
		"data": r.Header,
		"commands": map[string]any{
			"data": r.Commands, "links": r.links,
			"meta": map[string]any{"cursor": 0, "totalLength": len(r.Commands)},
		},
	})
}

// Begin is the fragment with which the run begins: its header, without an end.
func (r Record) Begin() []byte {
	started := maps.Clone(r.Header)
	delete(started, "completedAt")
	started["status"], started["current"] = "running", true
	return encode(map[string]any{"runId": r.ID, "run": started})
}

// Part is a fragment with some of the commands.
func (r Record) Part(from, to int) []byte {
	return encode(map[string]any{"runId": r.ID, "commands": r.Commands[from:to]})
}

// End is the fragment with which the run ends.
func (r Record) End() []byte {
	return encode(map[string]any{"runId": r.ID, "run": r.Header, "meta": map[string]any{"totalLength": len(r.Commands)}})
}

func encode(v any) []byte {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // what came from JSON goes back to it
	}
	return []byte(b.String())
}
