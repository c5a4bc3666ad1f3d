package app_test

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wellspring/app"
	"wellspring/etl"
	"wellspring/evidence/verify"
)

// TestUpgrade opens data folders that earlier programs wrote. Whatever they
// answered is answered the same, field by field; new fields may have come. The
// folders are made by testdata/upgrade/record.sh.
func TestUpgrade(t *testing.T) {
	archives, err := filepath.Glob("testdata/upgrade/*.tar.gz")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no data folder of an earlier program: %v", err)
	}
	for _, archive := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(archive), ".tar.gz"), func(t *testing.T) { upgrade(t, archive) })
	}
}

func upgrade(t *testing.T, archive string) {
	dir := t.TempDir()
	unpack(t, archive, dir)
	text, err := os.ReadFile(filepath.Join(dir, "answers.json"))
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]any{}
	if err := json.Unmarshal(text, &answers); err != nil {
		t.Fatal(err)
	}
	packages, err := filepath.Glob(filepath.Join(dir, "exports", "*.zip"))
	if err != nil || len(packages) != 1 {
		t.Fatalf("packages: %v (%v)", packages, err)
	}
	if report, err := verify.File(packages[0], verify.Options{}); err != nil || !report.Valid {
		t.Errorf("the package of then: %v (%v)", report.Faults, err)
	}
	a := start(t, func(o *app.Options) { o.DataDir = dir })
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for path, then := range answers {
		status, text := request(t, a, http.MethodGet, path, nil)
		var now any
		if err := json.Unmarshal([]byte(text), &now); err != nil || status != http.StatusOK {
			t.Errorf("%s: %d %s (%v)", path, status, text, err)
			continue
		}
		if path == "/v1/checkpoint" || strings.HasPrefix(path, "/v1/log/entries") {
			continue // the log has grown; it is compared below
		}
		for _, difference := range differences(path, then, now) {
			t.Error(difference)
		}
	}
	if status, text := request(t, a, http.MethodPost, "/v1/fsck", nil); status != http.StatusAccepted {
		t.Errorf("fsck: %d %s", status, text)
	}
	state := etl.FsckState{Running: true}
	for state.Running {
		_, text := request(t, a, http.MethodGet, "/v1/fsck", nil)
		if err := json.Unmarshal([]byte(text), &state); err != nil {
			t.Fatal(err)
		}
	}
	if state.Report == nil || state.Report.DifferenceCount != 0 {
		t.Errorf("fsck: %+v %s", state.Report, state.Error)
	}
	// The log of then is the beginning of the log of now.
	var log struct{ Entries []json.RawMessage }
	_, entries := request(t, a, http.MethodGet, "/v1/log/entries?first=0", nil)
	if err := json.Unmarshal([]byte(entries), &log); err != nil {
		t.Fatal(err)
	}
	was, _ := answers["/v1/log/entries?first=0"].(map[string]any)["entries"].([]any)
	for i, entry := range was {
		var now any
		if i >= len(log.Entries) || json.Unmarshal(log.Entries[i], &now) != nil {
			t.Fatalf("the log has lost entry %d", i)
		}
		for _, difference := range differences(fmt.Sprintf("entry %d", i), entry, now) {
			t.Error(difference)
		}
	}
	// And it goes on.
	if status, text := request(t, a, http.MethodPost, "/v1/runs?wait=30", example(t, "runs/serial_dilution.json")); status != http.StatusOK {
		t.Errorf("another run: %d %s", status, text)
	}
}

// differences are what an answer of now lacks, or says otherwise, of one of then.
func differences(place string, then, now any) []string {
	switch then := then.(type) {
	case map[string]any:
		fields, is := now.(map[string]any)
		if !is {
			return []string{place + " is an object no more"}
		}
		var all []string
		for key, value := range then {
			if given, there := fields[key]; there || value == nil {
				all = append(all, differences(place+" "+key, value, given)...)
			} else {
				all = append(all, fmt.Sprintf("%s has no %s any more, which was %v", place, key, value))
			}
		}
		return all
	case []any:
		list, is := now.([]any)
		if !is || len(list) != len(then) {
			return []string{fmt.Sprintf("%s had %d entries, and is now %v", place, len(then), now)}
		}
		var all []string
		for i := range then {
			all = append(all, differences(fmt.Sprintf("%s[%d]", place, i), then[i], list[i])...)
		}
		return all
	}
	if then != now {
		return []string{fmt.Sprintf("%s was %v, and is now %v", place, then, now)}
	}
	return nil
}

func unpack(t *testing.T, archive, dir string) {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	for files := tar.NewReader(z); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag == tar.TypeDir {
			if err := root.MkdirAll(header.Name, 0o700); err != nil {
				t.Fatal(err)
			}
			continue
		}
		text, err := io.ReadAll(files)
		if err == nil {
			err = root.WriteFile(header.Name, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
