package pagetest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// pages are looked at, each by a name and its address.
func pages() [][2]string {
	return [][2]string{
		{"search", "/"},
		{"found", "/search?q=pbs"},
		{"not-found", "/search?q=zzz"},
		{"plate", "/plate?of=plate:AP-0001"},
		{"plate-share", "/plate?of=plate:DP-0001&by=share:BSA-0457&scale=log"},
		{"tubes", "/plate?of=" + stockRun + "/TR-0001"},
		{"reservoir", "/plate?of=" + stockRun + "/RV-0001"},
		{"well", "/well?of=plate:AP-0001/A2"},
		{"run", "/run?of=" + assayRun},
		{"experiments", "/experiments"},
		{"experiment", "/experiment?of=experiment:BA-2026-11"},
		{"impact", "/impact?of=lot:PBS-2611-B&min=1"},
		{"compare", "/compare?from=" + stockRun + "&to=" + assayRun},
		{"processing", "/processing"},
		{"declare", "/declare?of=plate:AP-0001/A2"},
		{"webhooks", "/webhooks"},
		{"robots", "/robots"},
		{"audit", "/audit"},
		{"sign", "/sign?about=run&selector=" + assayRun},
		{"node", "/node?of=run:" + assayRun},
		{"about", "/about"},
		{"problem", "/well?of=nothing"},
	}
}

// maxWeight is the most that a page may weigh with all that it loads, bytes.
const maxWeight = 300 << 10

// Every page, in light and dark, wide and narrow: nothing to complain of for the
// browser, nothing serious for axe, nothing that runs out of the window, and light.
func TestEveryPage(t *testing.T) {
	s := story(t)
	b := open(t, s.URL)
	axe, missing := axeCore(t)
	if missing != "" {
		t.Run("accessibility", func(t *testing.T) { t.Skip(missing) })
	}
	for _, view := range []struct {
		name, scheme  string
		width, height int64
		judged        bool // else only for its picture
	}{{"wide", "light", 1440, 900, true}, {"narrow-dark", "dark", 390, 844, true}, {"wide-dark", "dark", 1440, 900, false}, {"narrow", "light", 390, 844, false}} {
		if !view.judged && os.Getenv("WELLSPRING_SCREENSHOTS") == "" {
			continue
		}
		b.look(view.width, view.height, view.scheme)
		for _, page := range pages() {
			name := page[0] + " " + view.name
			b.visit(page[1])
			b.holds(`document.readyState === "complete" && !document.querySelector(".graph .canvas > .empty")`)
			b.mu.Lock()
			weight := b.bytes
			if page[0] == "problem" { // its status is told on the console as well
				b.errors = nil
			}
			b.mu.Unlock()
			if weight > maxWeight {
				t.Errorf("%s weighs %.0f KB", name, weight/1024)
			}
			if view.name == "wide" {
				t.Logf("%s: %.0f KB", page[0], weight/1024)
			}
			if over := value[float64](b, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
				t.Errorf("%s is %.0f px wider than the window", name, over)
			}
			if axe != "" && view.judged {
				for _, found := range violations(b, axe) {
					t.Errorf("%s: %s", name, found)
				}
			}
			b.picture(page[0] + "-" + view.name)
			b.quiet()
		}
	}
}

// axeCore is the text of axe-core, from npm; where there is none to be had, why.
func axeCore(t *testing.T) (text, missing string) {
	t.Helper()
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", "no npm to fetch axe-core with, so accessibility was not checked"
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	install := exec.CommandContext(t.Context(), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Sprintf("axe-core can't be fetched from npm, so accessibility was not checked: %v %s", err, out)
	}
	script, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return string(script), ""
}

// violations are the serious and critical findings of axe about a page.
func violations(b *browser, axe string) []string {
	b.tb.Helper()
	b.run(chromedp.Evaluate[chromedp.Void](axe + ";0"))
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ["violations"]}).then((r) => JSON.stringify(r.violations))`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.tb.Fatal(err)
	}
	var found []struct {
		ID, Impact, Help string
		Nodes            []struct{ HTML, FailureSummary string }
	}
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		b.tb.Fatal(err)
	}
	var serious []string
	for _, v := range found {
		if v.Impact != "serious" && v.Impact != "critical" {
			continue
		}
		serious = append(serious, fmt.Sprintf("axe: %s, %s: %s, on %d places, such as %s: %s", v.Impact, v.ID, v.Help, len(v.Nodes), v.Nodes[0].HTML,
			strings.ReplaceAll(v.Nodes[0].FailureSummary, "\n", " ")))
	}
	return serious
}
