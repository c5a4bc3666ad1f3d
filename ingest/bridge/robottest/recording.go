package robottest

import (
	"embed"
	"encoding/json"
	"io/fs"
	"testing"
)

// Recorded are runs of a real robot server with simulated hardware, as NAME.run.json
// and NAME.analysis.json.
//
//go:embed recorded
var recorded embed.FS

// The recordings.
const (
	TwoTransfers  = "two_transfers"   // 12 commands, succeeds
	FailsMidway   = "fails_midway"    // 29 commands, the last one fails
	StoppedByUser = "stopped_by_user" // 34 commands, stopped in a dispense
)

// File is the recorded run as a file import takes it.
func File(t testing.TB, name string) []byte { return read(t, name+".run.json") }

// Analysis is the recorded analysis as a file import takes it.
func Analysis(t testing.TB, name string) []byte { return read(t, name+".analysis.json") }

func read(t testing.TB, name string) []byte {
	t.Helper()
	text, err := fs.ReadFile(recorded, "recorded/"+name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// recording is a run taken apart.
type recording struct {
	header   map[string]any
	commands []map[string]any
	analysis json.RawMessage
}

func load(t testing.TB, name string) recording {
	t.Helper()
	var file struct {
		Data     map[string]any `json:"data"`
		Commands struct {
			Data []map[string]any `json:"data"`
		} `json:"commands"`
	}
	decode(t, File(t, name), &file)
	var analysis struct {
		Data json.RawMessage `json:"data"`
	}
	decode(t, Analysis(t, name), &analysis)
	return recording{file.Data, file.Commands.Data, analysis.Data}
}

func decode(t testing.TB, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// without is a copy of an object that lacks some members.
func without(object map[string]any, names ...string) map[string]any {
	rest := make(map[string]any, len(object))
	for key, value := range object {
		rest[key] = value
	}
	for _, name := range names {
		delete(rest, name)
	}
	return rest
}
