package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"wellspring/examples"
)

// notRun are the beginnings of commands of the docs that this test leaves out,
// each with the reason.
var notRun = map[string]string{
	"curl -s http://robot:31950/":                           "needs a robot",
	"wellspring verify package.zip --key lab.pub --witness": "needs a witness and a timestamp authority: evidence/verify",
	"make ":                               "builds, or tests, or stays: CI does it",
	"wellspring serve":                    "stays until it is stopped: this test runs one",
	"wellspring demo":                     "stays until it is stopped: testdata/scripts/demo.txtar",
	"wellspring robots --discover":        "asks the network",
	"wellspring restore":                  "needs a folder without a service: testdata/scripts/upkeep.txtar",
	"wellspring dlq drop 17":              "nothing failed in the story: deploy/pagetest and testdata/scripts have dead letters",
	"wellspring dlq retry 17":             "nothing failed in the story",
	"wellspring dlq show 17":              "nothing failed in the story",
	"wellspring processing cancel":        "nothing is under way",
	"wellspring impact robot:":            "the recordings of the story name no robot",
	"wellspring sign ":                    "asks for the key of a person: testdata/scripts/sign.txtar",
	"wellspring signatures 118":           "nobody signed in the story: testdata/scripts/sign.txtar",
	"wellspring webhooks secret >":        "writes into a folder of the machine: notify and testdata/scripts have webhooks",
	"wellspring webhooks test lims":       "no webhook is configured in the story",
	"wellspring keys rotate":              "needs the id of a key: testdata/scripts/keys.txtar",
	"wellspring keys revoke":              "needs the id of a key: testdata/scripts/keys.txtar",
	"wellspring export --for neo4j-admin": "needs a folder without a service: testdata/scripts/export.txtar",
	"wellspring ancestry measurement":     "the id of a measurement is another in every lab: testdata/scripts/ask.txtar",
}

// lab are the words of the docs that are other ones in the lab of this test.
func lab(t *testing.T, url, dir string) *strings.Replacer {
	const assay, stock = "5a6cd99d-ef02-48c9-bbdc-2d93e3a166ab", "6f6ea665-d740-47bb-9399-fba49ea8c402"
	// To the nanosecond: a second that has begun is before the story that it saw.
	now := time.Now().UTC().Format(time.RFC3339Nano)
	return strings.NewReplacer("http://127.0.0.1:7117", url, "run:RUN", "run:"+assay, "/RUN/", "/"+assay+"/", "RUN", assay, "OTHER", stock, "run-7", assay, "run-8", stock,
		"run:3f2a9c", "run:"+assay, "2026-03-01T12:00:00Z", now, "2026-11-26T07:49:18Z", now, "latest", assay,
		"/media/vault", filepath.Join(dir, "vault"), "/backups/", filepath.Join(dir, "backups")+"/", "lab.pub", filepath.Join(dir, "lab.pub"))
}

// TestDocsRun runs every command that the README and the docs show, beside a
// service that was told the story of the examples.
func TestDocsRun(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs a hundred commands")
	}
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("WELLSPRING_DATA_DIR", filepath.Join(dir, "data"))
	t.Setenv("WELLSPRING_SECOND_STORE", "sqlite") // to compare with
	t.Setenv("WELLSPRING_SECOND_SQLITE_FILE", "graph-2.db")
	url := serveStory(t, dir)
	words, used := lab(t, url, dir), map[string]bool{}
	for _, shown := range commandsOfDocs(t) {
		if left := leftOut(shown.command); left != "" {
			used[left] = true
			continue
		}
		command := words.Replace(shown.command)
		if strings.HasPrefix(command, "curl ") {
			command = strings.Replace(command, "curl ", "curl -sS --fail-with-body ", 1)
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-ec", command)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil || len(out) == 0 && !strings.ContainsAny(command, ">") && !strings.Contains(command, "--file") {
			t.Errorf("%s: %s\n(run as %s): %v\n%s", shown.place, shown.command, command, err, out)
		}
	}
	for left := range notRun {
		if !used[left] {
			t.Errorf("no command of the docs begins with %q any more: take it out of notRun", left)
		}
	}
}

func leftOut(command string) string {
	for left := range notRun {
		if strings.HasPrefix(command, left) {
			return left
		}
	}
	return ""
}

type shownCommand struct{ place, command string }

// comment is one at the end of a line.
var comment = regexp.MustCompile(`\s{2,}#.*$|\s+# .*$`)

// commandsOfDocs are the lines of code blocks, fenced or indented, that are
// commands.
func commandsOfDocs(t *testing.T) []shownCommand {
	t.Helper()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile(`^(wellspring|curl|make|docker|go) \S`)
	var all []shownCommand
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		fenced := ""
		for n, line := range strings.Split(string(text), "\n") {
			line, indented := strings.CutPrefix(line, "    ")
			if strings.HasPrefix(line, "```") {
				if fenced == "" {
					fenced = line
				} else {
					fenced = ""
				}
				continue
			}
			if (indented && fenced == "" && !usage.MatchString(line) || fenced == "```sh") && command.MatchString(line) {
				all = append(all, shownCommand{fmt.Sprintf("%s:%d", filepath.Base(page), n+1), strings.TrimSpace(comment.ReplaceAllString(line, ""))})
			}
		}
	}
	return all
}

// usage is a line that says which arguments a command takes.
var usage = regexp.MustCompile(`\[flags\]|\||…|^wellspring [a-z -]+( [A-Z]+(/[A-Z]+)*)*$`)

// serveStory runs the program on the story of the examples, and makes the files
// that the docs speak of.
func serveStory(t *testing.T, dir string) string {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{"data", "vault", "backups", "runs", "analyses", "definitions"} {
		must(os.Mkdir(filepath.Join(dir, folder), 0o700))
	}
	put := func(to, from string) {
		text, err := examples.Files.ReadFile(from)
		must(err)
		must(os.WriteFile(filepath.Join(dir, to), text, 0o600))
	}
	put("run.json", examples.StockDilution)
	put("runs/stock.json", examples.StockDilution)
	put("runs/assay.json", examples.AssayPlate)
	put("analyses/assay.json", "analyses/assay_plate.json")
	for _, name := range []string{"lots", "samples", "experiments", "corrections"} {
		put(name+".csv", "manifests/"+name+".csv")
	}
	put("reading.csv", "plate-reader/AP-0001.csv")
	must(os.WriteFile(filepath.Join(dir, "wellspring.yaml"), []byte("listen: 127.0.0.1:7117\n"), 0o600))
	serve := exec.Command("wellspring", "serve", "--listen", "127.0.0.1:0", "--log-level", "warn")
	serve.Stdout, serve.Stderr = os.Stderr, os.Stderr
	must(serve.Start())
	t.Cleanup(func() {
		_ = serve.Process.Signal(os.Interrupt)
		if err := serve.Wait(); err != nil {
			t.Errorf("the service ended badly: %v", err)
		}
	})
	var at struct{ URL string }
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for range 1500 {
		text, err := os.ReadFile(filepath.Join(dir, "data", "service.json"))
		if err == nil && json.Unmarshal(text, &at) == nil {
			break
		}
		<-ticker.C
	}
	for _, command := range []string{"wellspring import runs analyses lots.csv samples.csv experiments.csv reading.csv corrections.csv", "wellspring checkpoint --keys > lab.pub",
		"wellspring checkpoint > vault/checkpoints", "wellspring export --run latest --file package.zip"} {
		cmd := exec.CommandContext(t.Context(), "sh", "-ec", command)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
	}
	return at.URL
}
