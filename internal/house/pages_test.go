package house

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// fences and code are what a page quotes: no link of its own.
var (
	fence = regexp.MustCompile("(?ms)^```.*?^```$")
	code  = regexp.MustCompile("`[^`\n]*`")
	// link matches [text](target) and ![text](target).
	link = regexp.MustCompile(`\]\(([^)\s]+)\)`)
)

// headings returns the anchors of a Markdown page, as a forge makes them.
func headings(page string) map[string]bool {
	anchors := map[string]bool{}
	for _, line := range strings.Split(fence.ReplaceAllString(page, ""), "\n") {
		title := strings.TrimLeft(line, "#")
		if title == line || !strings.HasPrefix(title, " ") {
			continue
		}
		var anchor strings.Builder
		for _, r := range strings.ToLower(strings.TrimSpace(title)) {
			switch {
			case r == ' ':
				anchor.WriteByte('-')
			case r == '-', r == '_', r >= 'a' && r <= 'z', r >= '0' && r <= '9', r > 127:
				anchor.WriteRune(r)
			}
		}
		anchors[anchor.String()] = true
	}
	return anchors
}

func TestHeadings(t *testing.T) {
	got := headings("# One `two`, three\n```\n# not this\n```\n## B-side\n#tag\n")
	if !got["one-two-three"] || !got["b-side"] || len(got) != 2 {
		t.Errorf("anchors are %v", got)
	}
}

func TestLinksOfPagesLeadSomewhere(t *testing.T) {
	pages := 0
	walk(t, func(name string) {
		if path.Ext(name) != ".md" {
			return
		}
		pages++
		text := string(read(t, name))
		for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(fence.ReplaceAllString(text, ""), ""), -1) {
			target, err := url.Parse(match[1])
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if target.IsAbs() {
				continue // nobody wants a test that asks the network
			}
			to := name
			if target.Path != "" {
				to = path.Join(path.Dir(name), target.Path)
			}
			if _, err := os.Stat(filepath.Join(root(t), filepath.FromSlash(to))); err != nil {
				t.Errorf("%s links to %s, which is not there", name, match[1])
				continue
			}
			if target.Fragment != "" && !headings(string(read(t, to)))[target.Fragment] {
				t.Errorf("%s links to %s: no such heading", name, match[1])
			}
		}
	})
	if pages < 5 {
		t.Fatalf("only %d pages found: is this the right folder?", pages)
	}
}

// TestTheReadmeLeadsToEveryPage: what nobody finds nobody reads.
func TestTheReadmeLeadsToEveryPage(t *testing.T) {
	readme := string(read(t, "README.md"))
	walk(t, func(name string) {
		if path.Dir(name) == "docs" && path.Ext(name) == ".md" && !strings.Contains(readme, "("+name+")") {
			t.Errorf("README.md does not lead to %s", name)
		}
	})
}

// TestCommentsNamePagesThatAreThere holds docs/NAME.md in Go files against the
// folder.
func TestCommentsNamePagesThatAreThere(t *testing.T) {
	page := regexp.MustCompile(`\bdocs/[a-z/-]+\.md\b`)
	for _, s := range sources(t) {
		for _, name := range page.FindAllString(string(s.text), -1) {
			if _, err := os.Stat(filepath.Join(root(t), filepath.FromSlash(name))); err != nil {
				t.Errorf("%s names %s, which is not there", s.path, name)
			}
		}
	}
}

// TestPagesNameCommandsThatAreThere holds the names of make targets in pages
// against the Makefile.
func TestPagesNameCommandsThatAreThere(t *testing.T) {
	targets := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^([a-z0-9-]+):`).FindAllStringSubmatch(string(read(t, "Makefile")), -1) {
		targets[match[1]] = true
	}
	named := regexp.MustCompile("(?m)(?:`|^    )make ([a-z0-9-]+)")
	walk(t, func(name string) {
		if path.Ext(name) != ".md" {
			return
		}
		for _, match := range named.FindAllStringSubmatch(string(read(t, name)), -1) {
			if !targets[match[1]] {
				t.Errorf("%s names make %s, which the Makefile has not", name, match[1])
			}
		}
	})
}

// measured matches what only a measurement can tell.
var measured = regexp.MustCompile(`(?i)\bp(50|90|95|99)\b|\d ?(ms|µs|ns)\b|\d[kM]?( ?[a-z]+s)?/s\b`)

// TestFiguresStandOnOnePage keeps numbers out of pages that nobody measures
// again: only the page that make bench writes has them.
func TestFiguresStandOnOnePage(t *testing.T) {
	for text, want := range map[string]bool{
		"p99 under a second": true, "it takes 12 ms": true, "71k/s with 64 writers": true, "400 commands/s": true,
		"more than 300 s": false, "50 µL of PBS": false, "94 mm/s": false,
	} {
		if got := measured.MatchString(text); got != want {
			t.Errorf("%q is a figure: %v, want %v", text, got, want)
		}
	}
	walk(t, func(name string) {
		if path.Ext(name) != ".md" || name == "docs/performance.md" {
			return
		}
		for n, line := range strings.Split(string(read(t, name)), "\n") {
			if found := measured.FindString(line); found != "" {
				t.Errorf("%s:%d: %s: figures belong into docs/performance.md", name, n+1, found)
			}
		}
	})
}

// TestPagesNameTestsThatAreThere holds `folder.TestName` in the manual against
// the tests: what a page says is shown must be shown.
func TestPagesNameTestsThatAreThere(t *testing.T) {
	named := regexp.MustCompile("`([a-z0-9/]+)\\.((?:Test|Fuzz|Benchmark)[A-Za-z0-9_]+)`")
	there := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)[A-Za-z0-9_]+)\(`)
	walk(t, func(name string) {
		if strings.HasSuffix(name, "_test.go") {
			for _, match := range declared.FindAllStringSubmatch(string(read(t, name)), -1) {
				there[path.Dir(name)+"."+match[1]] = true
			}
		}
	})
	count := 0
	walk(t, func(name string) {
		if path.Ext(name) != ".md" {
			return
		}
		for _, match := range named.FindAllStringSubmatch(string(read(t, name)), -1) {
			count++
			if test := match[1] + "." + match[2]; !there[test] {
				t.Errorf("%s names %s, which is not there", name, test)
			}
		}
	})
	if count < 20 {
		t.Errorf("only %d tests are named: is the expression right?", count)
	}
}
