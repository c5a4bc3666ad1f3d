package web

import (
	"fmt"
	"html/template"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"wellspring/lineage"
	"wellspring/query"
)

const notKnown = "not known"

func formats() template.FuncMap {
	return template.FuncMap{
		"volume": volume, "percent": percent, "number": number, "attr": attr, "when": when, "seconds": seconds,
		"short": short, "title": title, "link": link, "linkOf": linkOf, "selectorOf": query.SelectorOf, "amount": amount, "explain": query.Explain,
		"join": strings.Join, "plural": plural, "bar": bar, "nodeTitle": nodeTitle, "navigation": navigation, "graphOf": graphOf,
		"numberOf": numberOf, "cut": cut, "fixed": func(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) },
		"laneY": func(i int) int { return 16 + 22*i }, "affectedLink": affectedLink, "affectedTitle": affectedTitle, "rangeOf": rangeOf, "word": word,
		"statuses": func() []string { return []string{"", "pending", "running", "retrying", "failed", "done", "cancelled"} },
		"options":  runOptions, "ownerLink": ownerLink, "ownerName": func(s string) template.HTML { return ownerLink(lineage.Owner(s)) },
		"changed": changed, "deckName": deckName, "deckY": func(labware, line int) int { return 38 + 36*labware + 16*line }, "spaced": spaced, "stateWords": stateWords, "exportOf": exportOf, "packageLink": packageLink, "bytes": bytesOf,
		"hookWords": hookWords, "len64": func(all []notice) int64 { return int64(len(all)) },
		"plural64": func(n int64, one string) string { return plural(int(n), one) },
		"last":     func(ticks []tick) tick { return ticks[len(ticks)-1] },
		"along":    func(at float64) float64 { return 20 + 3.6*at }, // on the legend
	}
}

// figure writes a number with four figures that count, and thin spaces in thousands.
func figure(v float64) string {
	if v != 0 && (math.Abs(v) >= 1e7 || math.Abs(v) < 1e-4) {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	decimals := 0
	if a := math.Abs(v); a > 0 {
		decimals = min(max(3-int(math.Floor(math.Log10(a))), 0), 7)
	}
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	whole, rest, broken := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "\u202f" + whole[i:]
	}
	if broken {
		return whole + "." + rest
	}
	return whole
}

// volume writes µL.
func volume(v *float64) string {
	if v == nil {
		return notKnown
	}
	return figure(*v) + "\u00a0µL"
}

// bytesOf writes a size of a file.
func bytesOf(n int64) string {
	switch {
	case n < 1<<10:
		return plural(int(n), "byte")
	case n < 1<<20:
		return figure(math.Round(float64(n)/(1<<10))) + "\u00a0KiB"
	}
	return figure(math.Round(10*float64(n)/(1<<20))/10) + "\u00a0MiB"
}

// percent writes a share of 0 to 1.
func percent(v any) string {
	switch v := v.(type) {
	case float64:
		return figure(100*v) + "\u00a0%"
	case *float64:
		if v != nil {
			return figure(100**v) + "\u00a0%"
		}
	}
	return notKnown
}

// bar is a share as hundredths, for a drawn bar.
func bar(share float64) float64 { return math.Round(share*1000) / 10 }

// number writes a number that may be unknown.
func number(v any) string {
	switch v := v.(type) {
	case float64:
		return figure(v)
	case *float64:
		if v != nil {
			return figure(*v)
		}
	}
	return notKnown
}

// amount writes concentrations: 0.1 mg/mL; 5 nM of primer.
func amount(all []query.Concentration) string {
	words := make([]string, len(all))
	for i, c := range all {
		words[i] = figure(c.Value) + "\u00a0" + c.Unit
		if c.Analyte != "" {
			words[i] += " of " + c.Analyte
		}
	}
	return strings.Join(words, "; ")
}

// attr is one attribute of a node as text; empty where it doesn't say.
func attr(node lineage.Node, key string) string {
	switch v := node.Attributes[key].(type) {
	case string:
		return v
	case float64:
		return figure(v)
	case bool:
		return strconv.FormatBool(v)
	case []string:
		return strings.Join(v, ", ")
	}
	return ""
}

func numberOf(node lineage.Node, key string) *float64 {
	if v, ok := node.Attributes[key].(float64); ok && !math.IsNaN(v) {
		return &v
	}
	return nil
}

// when is a time for a template: a script writes it in the reader's own zone.
func when(v any) template.HTML {
	var at time.Time
	switch v := v.(type) {
	case string:
		at, _ = time.Parse(time.RFC3339Nano, v)
	case time.Time:
		at = v
	case *time.Time:
		if v != nil {
			at = *v
		}
	}
	if at.IsZero() {
		return notKnown
	}
	at = at.UTC()
	//nolint:gosec // nothing of it is anybody's text
	return template.HTML("<time datetime=\"" + at.Format(time.RFC3339Nano) + "\">" + at.Format("2006-01-02 15:04:05") + "\u202fUTC</time>")
}

// seconds writes a duration in seconds as a person says it.
func seconds(v any) string {
	var s float64
	switch v := v.(type) {
	case float64:
		s = v
	case *float64:
		if v == nil {
			return notKnown
		}
		s = *v
	}
	switch {
	case s < 1:
		return figure(1000*s) + "\u00a0ms"
	case s < 90:
		return figure(math.Round(10*s)/10) + "\u00a0s"
	case s < 5400:
		return figure(math.Round(s/60)) + "\u00a0min"
	}
	return figure(math.Round(s/360)/10) + "\u00a0h"
}

// clock writes a time since the beginning: 4:37, 1:02:37.
func clock(s float64) string {
	d := time.Duration(s * float64(time.Second)).Round(time.Second)
	h, m, rest := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	if h > 0 {
		return fmt.Sprintf("%d:%02d:%02d", h, m, rest)
	}
	return fmt.Sprintf("%d:%02d", m, rest)
}

// short is the beginning of an id that still names it.
func short(id string) string {
	if len(id) == 36 && strings.Count(id, "-") == 4 {
		return id[:8]
	}
	return id
}

// plural writes 1 well, 2 wells.
func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	if stem, ends := strings.CutSuffix(one, "y"); ends {
		return figure(float64(n)) + " " + stem + "ies"
	}
	return figure(float64(n)) + " " + one + "s"
}

// link is a page's address with parameters in pairs; empty ones are left out.
func link(page string, pairs ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			values.Add(pairs[i], pairs[i+1])
		}
	}
	if len(values) == 0 {
		return page
	}
	return page + "?" + values.Encode()
}

// linkOf is the page that shows a node.
func linkOf(node lineage.Node) string {
	selector := query.SelectorOf(node)
	switch node.Kind {
	case lineage.KindRun, lineage.KindPlan:
		return link("/run", "of", selector)
	case lineage.KindExperiment:
		return link("/experiment", "of", selector)
	case lineage.KindLabware:
		return link("/plate", "of", selector)
	case lineage.KindWellState:
		return link("/well", "of", selector)
	case lineage.KindLot, lineage.KindSample, lineage.KindRobot, lineage.KindPipette, lineage.KindModule, lineage.KindSoftware, lineage.KindProtocol:
		return link("/impact", "of", selector)
	case lineage.KindMeasurement:
		if barcode := attr(node, lineage.AttrBarcode); barcode != "" {
			return link("/well", "of", "plate:"+barcode+"/"+attr(node, lineage.AttrWell))
		}
	}
	return link("/node", "of", node.ID.String())
}

// navLink is an entry of the navigation.
type navLink struct {
	Link, Text string
	Here       bool
}

func navigation(section string) []navLink {
	all := []navLink{{Link: "/", Text: "Search"}, {Link: "/experiments", Text: "Experiments"}, {Link: "/impact", Text: "Impact"}, {Link: "/compare", Text: "Compare"},
		{Link: "/declare", Text: "Declare"}, {Link: "/processing", Text: "Processing"}, {Link: "/robots", Text: "Robots"}, {Link: "/audit", Text: "Audit"}, {Link: "/about", Text: "About"}}
	for i := range all {
		name := strings.TrimPrefix(all[i].Link, "/")
		all[i].Here = name == section || name == "" && section == "search"
	}
	return all
}

// graphView is where a drawing begins.
type graphView struct {
	Of, Direction, AsOf, Title string
}

func graphOf(of, direction, asOf, title string) graphView {
	return graphView{of, direction, asOf, title}
}

// cut shortens a text to so many letters.
func cut(text string, most int) string {
	letters := []rune(text)
	if len(letters) <= most {
		return text
	}
	return string(letters[:most-1]) + "…"
}

// runOptions are runs to choose from; one that was named otherwise is added.
func runOptions(runs []lineage.Node, chosen string) []choice {
	var all []choice
	found := chosen == "" || chosen == withPlan
	for _, run := range runs {
		one := choice{Value: query.SelectorOf(run), Text: title(run) + ", " + cut(attr(run, "startedAt"), 17)}
		if one.Value == chosen {
			one.Group, found = "here", true
		}
		all = append(all, one)
	}
	if !found {
		all = append(all, choice{Group: "here", Value: chosen, Text: chosen})
	}
	return all
}

// ownerLink names what was processed: a run with its page, a document.
func ownerLink(owner lineage.Owner) template.HTML {
	kind, name, _ := strings.Cut(string(owner), ":")
	text := template.HTMLEscapeString(kind + " " + cut(short(name), 24))
	if kind == "run" || kind == "plan" {
		//nolint:gosec // both are escaped
		return template.HTML("<a href=\"" + template.HTMLEscapeString(link("/run", "of", "run:"+name)) + "\">" + text + "</a>")
	}
	return template.HTML(text) //nolint:gosec // it is escaped
}
