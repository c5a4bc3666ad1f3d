package figures

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"wellspring/examples"
	"wellspring/internal/testdata"
	"wellspring/internal/testruns"
	"wellspring/ot2"
)

// document is one run to import.
type document struct {
	name string
	text []byte
	run  ot2.Run
}

func parse(b *testing.B, name string, text []byte) document {
	b.Helper()
	decoded, err := ot2.Decode(bytes.NewReader(text), ot2.Limits{})
	if err != nil {
		b.Fatalf("%s: %v", name, err)
	}
	return document{name, text, decoded.Run}
}

// held are the real run logs.
func held(b *testing.B) []document {
	b.Helper()
	folder := testdata.Shared(b, "ot2/run-logs")
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		b.Fatal(err)
	}
	var all []document
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, parse(b, filepath.Base(file), text))
	}
	return all
}

// largest is the held log with the most commands.
func largest(b *testing.B) document {
	b.Helper()
	var most document
	for _, d := range held(b) {
		if len(d.run.Commands) > len(most.run.Commands) {
			most = d
		}
	}
	return most
}

// small is a run of two transfers.
func small(b *testing.B) []byte {
	b.Helper()
	text, err := fs.ReadFile(examples.Files, "runs/two_transfers.json")
	if err != nil {
		b.Fatal(err)
	}
	return text
}

// one is a run of one channel of so many commands.
func one(b *testing.B, commands int) document {
	b.Helper()
	record := testruns.New(testruns.Normalize, "one", commands)
	return document{fmt.Sprintf("%d commands", commands), record.Document(), ot2.Run{ID: record.ID, Commands: make([]ot2.Command, commands)}}
}

// long is a run of at least so many commands: that of the serial dilution, its
// commands after the set-up over and over, with ids and times of their own.
func long(b *testing.B, commands int) document {
	b.Helper()
	text, err := fs.ReadFile(examples.Files, "runs/serial_dilution.json")
	if err != nil {
		b.Fatal(err)
	}
	var d struct {
		Data     json.RawMessage `json:"data"`
		Commands struct {
			Data []map[string]any `json:"data"`
			Meta map[string]any   `json:"meta"`
		} `json:"commands"`
	}
	if err := json.Unmarshal(text, &d); err != nil {
		b.Fatal(err)
	}
	list := d.Commands.Data
	first := 0
	for list[first]["commandType"] != "pickUpTip" {
		first++
	}
	last, err := time.Parse(time.RFC3339Nano, list[len(list)-1]["startedAt"].(string))
	if err != nil {
		b.Fatal(err)
	}
	for round := list[first:]; len(list) < commands; {
		for _, command := range round {
			again := map[string]any{}
			for key, value := range command {
				again[key] = value
			}
			last = last.Add(time.Second)
			again["id"], again["key"] = fmt.Sprintf("again-%d", len(list)), fmt.Sprintf("again-%d", len(list))
			again["createdAt"], again["startedAt"], again["completedAt"] = last, last, last.Add(time.Second)
			list = append(list, again)
		}
	}
	d.Commands.Data = list
	d.Commands.Meta["totalLength"] = len(list)
	if text, err = json.Marshal(d); err != nil {
		b.Fatal(err)
	}
	return parse(b, fmt.Sprintf("%d commands", len(list)), text)
}
