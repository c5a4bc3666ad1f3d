package notify_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/lineage"
	"wellspring/notify"
)

func load(t *testing.T, text string, trust bool) ([]notify.Webhook, error) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "webhooks.yaml")
	for name, content := range map[string]string{file: text, filepath.Join(dir, "two"): secretOf('a') + "\n" + secretOf('b') + "\n"} {
		if err := os.WriteFile(name, []byte(strings.ReplaceAll(content, "DIR", dir)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return notify.Load(file, trust, func(name string) string {
		return map[string]string{"GOOD": secretOf('g'), "SHORT": "whsec_c2hvcnQ=", "PLAIN": "secret-word", "ADDRESS": "https://chat.lab/secret-place"}[name]
	})
}

func TestLoad(t *testing.T) {
	got, err := load(t, `
webhooks:
  - name: lims
    url: https://lims.lab/hooks/wellspring
    secret-file: DIR/two
    kinds: [run.failed, dead-letter]
  - {name: chat, url-env: ADDRESS, secret-env: GOOD}
  - {name: local, url: "http://127.0.0.1:9000/", unsigned: true}
`, false)
	want := []notify.Webhook{
		{Name: "lims", URL: "https://lims.lab/hooks/wellspring", Secrets: []string{secretOf('a'), secretOf('b')}, Kinds: []notify.Kind{notify.RunFailed, notify.DeadLetter}},
		{Name: "chat", URL: "https://chat.lab/secret-place", Secrets: []string{secretOf('g')}},
		{Name: "local", URL: "http://127.0.0.1:9000/"},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := load(t, "webhooks: [{name: a, url: 'http://10.0.0.9/x', unsigned: true}]", true); err != nil {
		t.Errorf("a trusted network: %v", err)
	}
}

// A mistake is named with its place, and no secret is.
func TestLoadRefuses(t *testing.T) {
	for text, place := range map[string]string{
		"webhooks: [{name: A, url: 'https://x/secret-place', secret-env: GOOD}]":                               "webhook 1: name",
		"webhooks: [{name: a, url: 'https://x', unsigned: true}, {name: a, url: 'https://x', unsigned: true}]": "webhook 2: name",
		"webhooks: [{name: a, url: 'ftp://x/secret-place', secret-env: GOOD}]":                                 "a: url",
		"webhooks: [{name: a, url: 'https://user:secret-word@x', secret-env: GOOD}]":                           "a: url",
		"webhooks: [{name: a, url: 'http://10.0.0.9/secret-place', secret-env: GOOD}]":                         "trust-network",
		"webhooks: [{name: a, url-env: NONE, secret-env: GOOD}]":                                               "a: url-env",
		"webhooks: [{name: a, url: 'https://x'}]":                                                              "unsigned: true",
		"webhooks: [{name: a, url: 'https://x', secret-env: NONE}]":                                            "a: secret-env",
		"webhooks: [{name: a, url: 'https://x', secret-env: SHORT}]":                                           "24 to 64 bytes",
		"webhooks: [{name: a, url: 'https://x', secret-env: PLAIN}]":                                           "a: secret-env",
		"webhooks: [{name: a, url: 'https://x', secret-file: DIR/none}]":                                       "a: secret-file",
		"webhooks: [{name: a, url: 'https://x', secret-file: DIR/two, secret-env: GOOD}]":                      "not both",
		"webhooks: [{name: a, url: 'https://x', unsigned: true, kinds: [run.begun]}]":                          "run.ended, run.failed",
		"webhooks: [{name: a, url: 'https://x', unsigned: true, ca: DIR/two}]":                                 "a: ca",
		"webhooks: [{name: a, url: 'https://x', secret: secret-word}]":                                         "webhooks.yaml",
		"hooks: []": "webhooks.yaml",
	} {
		_, err := load(t, text, false)
		if lineage.KindOf(err) != lineage.ErrorInvalid || !strings.Contains(err.Error(), place) {
			t.Errorf("%s: got %v, want an error that names %q", text, err, place)
			continue
		}
		for _, secret := range []string{"secret-word", "secret-place", secretOf('g')} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error shows %q: %v", text, secret, err)
			}
		}
	}
	if _, err := notify.Load("nowhere.yaml", false, os.Getenv); lineage.KindOf(err) != lineage.ErrorInvalid {
		t.Errorf("got %v", err)
	}
}
