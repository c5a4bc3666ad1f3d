package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"wellspring/etl"
	"wellspring/lineage"
	"wellspring/query"
)

// runData is the page of a run.
type runData struct {
	query.Run
	Of, AsOf   string
	Name       string
	Plan       lineage.Node // Kind is empty: none is known
	Live       bool
	Done       float64 // percent of the commands, -1: not known
	Deck       []deckSlot
	Beside     []lineage.Node // labware that stood in no slot of the deck
	Timeline   timeline
	Steps      []stepRow
	StepsCut   int // so many are not listed
	Volumes    []volumeRow
	Against    *query.Diff
	Unknown    int // wells of which the plan did not know the content that the plate came with
	Differ     int // other wells that differ from the plan
	Processing *etl.Processing
	PartOf     []lineage.Node // experiments
}

// deckSlot is one of the places of an OT-2, as they lie on it.
type deckSlot struct {
	Slot    string
	X, Y    float64
	Labware []lineage.Node
}

// stepRow is one step.
type stepRow struct {
	lineage.Node
	Places []placeLink
}

type placeLink struct {
	Link, Text string
}

// timeline is the steps over the time of a run.
type timeline struct {
	Bars    []timeBar
	Ticks   []tick
	Lanes   []string
	Height  float64
	Seconds float64
}

// timeBar is a step; lengths are of a drawing 1000 wide.
type timeBar struct {
	X, W, Y float64
	Kind    string
	Label   string
}

type volumeRow struct {
	Kind  string
	Steps int
}

// mostSteps is how many steps the list has; the newest.
const mostSteps = 300

func (p *Pages) run(r *http.Request) (view, error) {
	asOf, err := timeOf(r, "asof")
	if err != nil {
		return view{}, err
	}
	found, err := p.Query.Run(r.Context(), r.FormValue("of"), asOf)
	if err != nil {
		return view{}, err
	}
	d := runData{Run: found, Of: query.SelectorOf(found.Run), AsOf: r.FormValue("asof"), Name: title(found.Run), Done: -1}
	for _, source := range found.Sources {
		if source.Kind == lineage.KindPlan {
			d.Plan = source
			d.Name = cmp.Or(attr(source, "protocolName"), d.Name)
		}
	}
	d.Live = found.Run.Kind == lineage.KindRun && attr(found.Run, "completedAt") == "" && !slices.Contains(ended(), attr(found.Run, "status"))
	if done, all := numberOf(found.Run, "commands"), numberOf(found.Run, "commandsTotal"); done != nil && all != nil && *all > 0 {
		d.Done = min(100, 100**done / *all)
	}
	d.Deck, d.Beside = deck(found.Labware)
	if err := p.readSteps(r, &d, asOf); err != nil {
		return view{}, err
	}
	if d.Plan.Kind != "" && !d.Live {
		diff, err := p.Query.DiffPlan(r.Context(), d.Of, query.MaxLimit)
		if err != nil {
			return view{}, err
		}
		d.Against, d.Differ = &diff, diff.Counts.WellsDiffer
		for _, well := range diff.Wells {
			if slices.Contains(well.What, "undeclared-in-plan") {
				d.Unknown, d.Differ = d.Unknown+1, d.Differ-1
			}
		}
	}
	if d.PartOf, err = p.Query.ExperimentsOf(r.Context(), []lineage.ID{found.Run.ID}, asOf); err != nil {
		return view{}, err
	}
	owner := lineage.RunOwner(attr(found.Run, lineage.AttrRun))
	if found.Run.Kind == lineage.KindPlan {
		owner = lineage.PlanOwner(attr(found.Run, lineage.AttrRun))
	}
	if processing, err := p.Pipeline.Get(r.Context(), owner); err == nil {
		d.Processing = &processing
	} else if lineage.KindOf(err) != lineage.ErrorNotFound {
		return view{}, err
	}
	return view{template: "run", Title: d.Name, Section: "look", Wide: true, Live: d.Live, Data: d}, nil
}

// ended are the states of a run that nothing comes after.
func ended() []string { return []string{"succeeded", "failed", "stopped", "completed"} }

// deck places labware on the slots of an OT-2: 1 to 3 in front, 10 to 12 behind.
func deck(labware []lineage.Node) (slots []deckSlot, beside []lineage.Node) {
	for n := range 12 {
		slots = append(slots, deckSlot{Slot: strconv.Itoa(n + 1), X: float64(n%3) * 136, Y: float64(3-n/3) * 92})
	}
	for _, one := range labware {
		n, err := strconv.Atoi(attr(one, "slot"))
		if err != nil || n < 1 || n > 12 {
			beside = append(beside, one)
			continue
		}
		slots[n-1].Labware = append(slots[n-1].Labware, one)
	}
	return slots, beside
}

// deckName is the name of labware in at most two lines that fit into a slot.
func deckName(labware lineage.Node) []string {
	if barcode := attr(labware, lineage.AttrBarcode); barcode != "" {
		return []string{cut(barcode, 15)}
	}
	const width = 15
	lines := []string{""}
	for _, word := range strings.Fields(strings.TrimPrefix(title(labware), "Opentrons ")) {
		switch line := &lines[len(lines)-1]; {
		case *line == "":
			*line = word
		case len(lines) == 2 || len([]rune(*line+" "+word)) <= width:
			*line += " " + word
		default:
			lines = append(lines, word)
		}
	}
	for i, line := range lines {
		lines[i] = cut(line, width)
	}
	return lines
}

// spaced writes wellPlate as well plate.
func spaced(word string) string {
	var text strings.Builder
	for i, letter := range word {
		if i > 0 && unicode.IsUpper(letter) {
			text.WriteByte(' ')
		}
		text.WriteRune(unicode.ToLower(letter))
	}
	return text.String()
}

// readSteps reads the steps of a run and draws them over time.
func (p *Pages) readSteps(r *http.Request, d *runData, asOf time.Time) error {
	part, err := p.Query.RunGraph(r.Context(), d.Of, asOf)
	if err != nil {
		return err
	}
	var steps []lineage.Node
	for _, node := range part.Nodes {
		if node.Kind == lineage.KindStep {
			steps = append(steps, node)
		}
	}
	slices.SortFunc(steps, func(a, b lineage.Node) int {
		sequence := func(n lineage.Node) float64 {
			if v := numberOf(n, lineage.AttrSequence); v != nil {
				return *v
			}
			return -1
		}
		return cmp.Or(cmp.Compare(sequence(a), sequence(b)), cmp.Compare(a.Name, b.Name))
	})
	counts := make(map[string]int)
	for _, step := range steps {
		counts[attr(step, "kind")]++
	}
	for kind, n := range counts {
		d.Volumes = append(d.Volumes, volumeRow{kind, n})
	}
	slices.SortFunc(d.Volumes, func(a, b volumeRow) int { return cmp.Or(cmp.Compare(b.Steps, a.Steps), cmp.Compare(a.Kind, b.Kind)) })
	d.Timeline = draw(steps, d.Volumes)
	labels := make(map[string]lineage.Node, len(d.Labware))
	for _, labware := range d.Labware {
		labels[attr(labware, lineage.AttrLabware)] = labware
	}
	run := attr(d.Run.Run, lineage.AttrRun)
	slices.Reverse(steps) // the newest first
	d.StepsCut = max(0, len(steps)-mostSteps)
	for _, step := range steps[:len(steps)-d.StepsCut] {
		d.Steps = append(d.Steps, stepRow{step, places(step, run, labels)})
	}
	return nil
}

// mostPlaces is how many wells of a step are named.
const mostPlaces = 8

// places are the wells that a step touched.
func places(step lineage.Node, run string, labels map[string]lineage.Node) []placeLink {
	all, _ := step.Attributes["places"].([]string)
	var links []placeLink
	for i, place := range all {
		labware, well, _ := strings.Cut(place, "/")
		text := well
		if i == 0 {
			text = well + " of " + cmp.Or(attr(labels[labware], lineage.AttrBarcode), title(labels[labware]), short(labware))
		}
		if i == mostPlaces {
			return append(links, placeLink{"", "and " + strconv.Itoa(len(all)-i) + " more"})
		}
		links = append(links, placeLink{link("/well", "of", query.JoinSelector(run, labware, well)), text})
	}
	return links
}

// draw places each step on its lane, by kind, over time. Steps without a time are
// left out.
func draw(steps []lineage.Node, kinds []volumeRow) timeline {
	var t timeline
	lanes := make(map[string]float64, len(kinds))
	for i, kind := range kinds {
		lanes[kind.Kind] = float64(i)
		t.Lanes = append(t.Lanes, kind.Kind)
	}
	var first, last time.Time
	begin := func(step lineage.Node) time.Time {
		at, _ := time.Parse(time.RFC3339Nano, attr(step, lineage.AttrAt))
		return at
	}
	length := func(step lineage.Node) time.Duration {
		if v := numberOf(step, "durationS"); v != nil {
			return time.Duration(*v * float64(time.Second))
		}
		return 0
	}
	for _, step := range steps {
		at := begin(step)
		if at.IsZero() {
			continue
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if end := at.Add(length(step)); end.After(last) {
			last = end
		}
	}
	t.Seconds, t.Height = last.Sub(first).Seconds(), float64(len(kinds))*22+26
	if first.IsZero() || t.Seconds <= 0 {
		return timeline{}
	}
	const left, width = 90.0, 880.0
	for _, step := range steps {
		at := begin(step)
		if at.IsZero() {
			continue
		}
		t.Bars = append(t.Bars, timeBar{X: left + width*at.Sub(first).Seconds()/t.Seconds, W: max(width*length(step).Seconds()/t.Seconds, 1.5),
			Y: 4 + 22*lanes[attr(step, "kind")], Kind: attr(step, "kind"), Label: step.Name})
	}
	for i := range 5 {
		t.Ticks = append(t.Ticks, tick{left + width*float64(i)/4, clock(t.Seconds * float64(i) / 4)})
	}
	return t
}
