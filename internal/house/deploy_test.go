package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"wellspring/app"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// alert is one rule of deploy/prometheus/rules.yml.
type alert struct {
	Name        string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	Annotations map[string]string `yaml:"annotations"`
}

func alerts(t *testing.T) []alert {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []alert `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.Unmarshal(read(t, "deploy/prometheus/rules.yml"), &file); err != nil {
		t.Fatal(err)
	}
	var all []alert
	for _, group := range file.Groups {
		all = append(all, group.Rules...)
	}
	if len(all) == 0 {
		t.Fatal("deploy/prometheus/rules.yml has no alert")
	}
	return all
}

func TestEachAlertIsExplainedAndTested(t *testing.T) {
	runbook := headings(string(read(t, "docs/runbook.md")))
	tests := string(read(t, "deploy/prometheus/rules_test.yml"))
	known := map[string]bool{}
	for _, a := range alerts(t) {
		anchor := strings.ToLower(a.Name)
		known[anchor] = true
		if !runbook[anchor] {
			t.Errorf("docs/runbook.md has no entry %s", a.Name)
		}
		if want := "docs/runbook.md#" + anchor; a.Annotations["runbook"] != want {
			t.Errorf("%s has the runbook %q, want %q", a.Name, a.Annotations["runbook"], want)
		}
		if !strings.Contains(tests, "alertname: "+a.Name+"\n") {
			t.Errorf("deploy/prometheus/rules_test.yml does not test %s", a.Name)
		}
	}
	for _, line := range strings.Split(string(read(t, "docs/runbook.md")), "\n") {
		if name, ok := strings.CutPrefix(line, "## "); ok && !known[strings.ToLower(name)] {
			t.Errorf("docs/runbook.md explains %s, which is no alert", name)
		}
	}
}

func TestComposeSetsWhatCanBeSet(t *testing.T) {
	known := map[string]bool{}
	for _, setting := range app.Settings() {
		known[setting.Env] = true
	}
	for _, name := range []string{"docker-compose.yml", "deploy/Dockerfile", "deploy/env.example"} {
		for _, variable := range regexp.MustCompile(`\bWELLSPRING_[A-Z0-9_]+`).FindAllString(string(read(t, name)), -1) {
			if !known[variable] {
				t.Errorf("%s sets %s, which is no setting", name, variable)
			}
		}
	}
}

func TestTheImageIsBuiltWithTheGoOfTheModule(t *testing.T) {
	in := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(read(t, "go.mod")))
	from := regexp.MustCompile(`(?m)^FROM golang:(\d+\.\d+)`).FindStringSubmatch(string(read(t, "deploy/Dockerfile")))
	if in == nil || from == nil || in[1] != from[1] {
		t.Errorf("go.mod has Go %q, deploy/Dockerfile %q", in, from)
	}
}
