package web

import (
	"context"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"wellspring/lineage"
	"wellspring/query"
)

// plateData is the page of a plate.
type plateData struct {
	query.Plate
	Of       string
	Selector string
	AsOf     string
	By       string
	Ancestor string
	Log      bool
	Choices  []choice
	Map      plateMap
	Legend   legend
	Rows     []plateRow
	Facts    template.JS // for the script: what each well holds
	Note     string
	Runs     []runChoice
}

// choice is something that wells can be coloured by.
type choice struct {
	Group, Value, Text string
}

type legend struct {
	What, Unit string
	Stops      []stop
	Ticks      []tick
	Unknown    int // wells that hold something, of which the value is not known
	Valued     int
	Log, NoLog bool // NoLog: nothing positive to put on a logarithmic scale
}

// plateRow is a well in the list under the map.
type plateRow struct {
	query.PlateWell
	Value string
	Link  string
}

type runChoice struct {
	Link, Text string
	Here       bool
}

func (p *Pages) plate(r *http.Request) (view, error) {
	asOf, err := timeOf(r, "asof")
	if err != nil {
		return view{}, err
	}
	plate, err := p.Query.Plate(r.Context(), r.FormValue("of"), asOf)
	if err != nil {
		return view{}, err
	}
	d := plateData{Plate: plate, Of: r.FormValue("of"), Selector: query.SelectorOf(plate.Labware), AsOf: r.FormValue("asof"), By: r.FormValue("by"), Ancestor: strings.TrimSpace(r.FormValue("ancestor")),
		Log: r.FormValue("scale") == "log", Choices: choices(plate)}
	if d.By == "" {
		d.By = d.Choices[0].Value
	}
	for _, run := range plate.Runs {
		d.Runs = append(d.Runs, runChoice{
			Link: link("/plate", "of", d.inRun(run), "asof", d.AsOf), Text: title(run), Here: run.ID == plate.Run.ID})
	}
	values, err := p.values(r.Context(), &d, asOf)
	if err != nil {
		return view{}, err
	}
	d.draw(values)
	if d.Facts, err = facts(plate); err != nil {
		return view{}, err
	}
	return view{template: "plate", Title: title(plate.Labware), Section: "look", Wide: true, Data: d}, nil
}

// inRun names the plate in one of its runs.
func (d plateData) inRun(run lineage.Node) string {
	name := attr(d.Labware, lineage.AttrBarcode)
	if name == "" {
		name = attr(d.Labware, lineage.AttrLabware)
	}
	return query.JoinSelector(attr(run, lineage.AttrRun), name)
}

// choices are what the wells of a plate can be coloured by.
func choices(plate query.Plate) []choice {
	all := []choice{}
	names, analytes, measured := []string{}, []choice{}, []string{}
	for _, well := range plate.Wells {
		for _, m := range well.Measurements {
			if what := attr(m, "measured"); !slices.Contains(measured, what) {
				measured = append(measured, what)
			}
		}
		for _, liquid := range well.Liquids {
			if !slices.Contains(names, liquid.Name) {
				names = append(names, liquid.Name)
			}
			for _, c := range liquid.Concentrations {
				one := choice{"Concentration", "conc:" + liquid.Name + "\x1f" + c.Analyte, concentrationName(liquid.Name, c.Analyte)}
				if !slices.Contains(analytes, one) {
					analytes = append(analytes, one)
				}
			}
		}
	}
	slices.Sort(names)
	slices.Sort(measured)
	slices.SortFunc(analytes, func(a, b choice) int { return strings.Compare(a.Text, b.Text) })
	for _, what := range measured {
		all = append(all, choice{"Measured", "measured:" + what, what})
	}
	all = append(all, choice{"Content", "volume", "Volume"})
	for _, name := range names {
		all = append(all, choice{"Share of", "share:" + name, name})
	}
	return append(all, analytes...)
}

func concentrationName(liquid, analyte string) string {
	if analyte == "" {
		return liquid
	}
	return analyte + ", from " + liquid
}

// values are what the wells are coloured by, by well. A well without one is not
// known, or has none of it: what is not known is nil.
func (p *Pages) values(ctx context.Context, d *plateData, asOf time.Time) (map[string]*float64, error) {
	if d.Ancestor != "" {
		return p.sharesOf(ctx, d, asOf)
	}
	kind, name, _ := strings.Cut(d.By, ":")
	values := make(map[string]*float64)
	for _, well := range d.Wells {
		switch kind {
		case "volume":
			d.Legend.What, d.Legend.Unit = "Volume", "µL"
			values[well.Well] = well.VolumeUl
		case "share":
			d.Legend.What, d.Legend.Unit = "Share of "+name, "%"
			values[well.Well] = shareOf(well, name)
		case "conc":
			liquid, analyte, _ := strings.Cut(name, "\x1f")
			d.Legend.What = "Concentration of " + concentrationName(liquid, analyte)
			value, unit := concentrationOf(well, liquid, analyte)
			if unit != "" && d.Legend.Unit != "" && unit != d.Legend.Unit {
				value = nil // one map, one unit
				d.Note = "Some wells have it in another unit than " + d.Legend.Unit + "; they are shown as not known."
			} else if unit != "" {
				d.Legend.Unit = unit
			}
			values[well.Well] = value
		case "measured":
			d.Legend.What = name
			for _, m := range well.Measurements { // the last reading stands
				if attr(m, "measured") == name {
					values[well.Well], d.Legend.Unit = numberOf(m, "value"), attr(m, "unit")
				}
			}
		default:
			return nil, lineage.Invalid("show plate", "by "+d.By, "choose what to colour by from the list")
		}
	}
	return values, nil
}

// shareOf is the share of a liquid in a well, %. What nobody declared has a name
// of its own.
func shareOf(well query.PlateWell, name string) *float64 {
	share := 0.0
	for _, liquid := range well.Liquids {
		if liquid.Name == name {
			share += 100 * liquid.Fraction
		}
	}
	return &share
}

// concentrationOf is nil where the liquid is in the well, and how much it holds
// is not known.
func concentrationOf(well query.PlateWell, liquid, analyte string) (*float64, string) {
	for _, l := range well.Liquids {
		if l.Name != liquid || l.Fraction == 0 {
			continue
		}
		for _, c := range l.Concentrations {
			if c.Analyte == analyte {
				return &c.Value, c.Unit
			}
		}
		return nil, ""
	}
	none := 0.0
	return &none, ""
}

// sharesOf are the shares of an ancestor that was named, whatever it is.
func (p *Pages) sharesOf(ctx context.Context, d *plateData, asOf time.Time) (map[string]*float64, error) {
	d.Legend.What, d.Legend.Unit = "Share of "+d.Ancestor, "%"
	start, err := p.Query.Start(ctx, d.Ancestor, query.Span{}, asOf)
	if err != nil {
		return nil, err
	}
	if len(start.Roots) == 0 {
		start.Roots = start.Named
	}
	ask := query.Ask{Direction: lineage.Downstream, Kinds: []lineage.Kind{lineage.KindWellState}, Limit: query.MaxLimit, AsOf: asOf}
	shares := make(map[lineage.ID]*float64)
	for _, root := range start.Roots {
		ask.Roots = append(ask.Roots, root.ID)
		whole := 1.0
		shares[root.ID] = &whole
	}
	answer, err := p.Query.Trace(ctx, ask)
	if err != nil {
		return nil, err
	}
	for _, item := range answer.Items {
		shares[item.ID] = item.Fraction
	}
	if answer.Truncated || answer.Next != "" || start.Truncated {
		d.Note = "What came from it is more than a map can ask for: wells without a share may have one."
	}
	values := make(map[string]*float64)
	for _, well := range d.Wells {
		value := 0.0
		if share, reached := shares[well.State.ID]; reached {
			if share == nil {
				values[well.Well] = nil
				continue
			}
			value = 100 * *share
		}
		values[well.Well] = &value
	}
	return values, nil
}

// draw colours the map and fills the list under it.
func (d *plateData) draw(values map[string]*float64) {
	held := make([]string, len(d.Wells))
	wells := make(map[string]query.PlateWell, len(d.Wells))
	s := scale{Log: d.Log}
	for i, well := range d.Wells {
		held[i], wells[well.Well] = well.Well, well
		if v := values[well.Well]; v != nil {
			s.include(*v)
		}
	}
	if d.Legend.Unit == "%" || d.Legend.Unit == "µL" {
		if !s.Log {
			s.include(0)
		}
	}
	d.Map = layOut(d.Labware, held)
	known := func(well query.PlateWell) (text string, v *float64) {
		v, there := values[well.Well]
		switch {
		case v != nil:
			return strings.TrimSpace(figure(*v) + "\u00a0" + d.Legend.Unit), v
		case !there && strings.HasPrefix(d.By, "measured:"):
			return "not measured", nil
		}
		return notKnown, nil
	}
	for i := range d.Map.Wells {
		m := &d.Map.Wells[i]
		well, there := wells[m.Name]
		if !there {
			m.Label = m.Name + ": nothing is known to have been in it"
			continue
		}
		m.Link = d.wellLink(well.Well)
		text, v := known(well)
		m.Class, m.Label = "unknown", m.Name+": "+d.Legend.What+" "+text
		if v != nil {
			m.Class, m.Fill = "valued", colour(s.at(*v))
			d.Legend.Valued++
		} else {
			d.Legend.Unknown++
		}
	}
	for _, well := range d.Wells {
		text, _ := known(well)
		d.Rows = append(d.Rows, plateRow{PlateWell: well, Value: text, Link: d.wellLink(well.Well)})
	}
	d.Legend.Stops, d.Legend.Ticks, d.Legend.Log, d.Legend.NoLog = stops(), s.ticks(), s.Log, s.Log && !s.any
}

func (d *plateData) wellLink(well string) string {
	return link("/well", "of", d.inRun(d.Run)+"/"+well, "asof", d.AsOf)
}

// wellFacts is what a script shows of a well under the pointer.
type wellFacts struct {
	Volume   string      `json:"v"`
	Liquids  [][3]any    `json:"l"` // name, share text, share in percent
	Measured [][2]string `json:"m,omitempty"`
}

// facts are what the wells hold, for the script.
func facts(plate query.Plate) (template.JS, error) {
	all := make(map[string]wellFacts, len(plate.Wells))
	for _, well := range plate.Wells {
		one := wellFacts{Volume: volume(well.VolumeUl), Liquids: [][3]any{}}
		for _, liquid := range well.Liquids {
			what := percent(liquid.Fraction)
			if len(liquid.Concentrations) > 0 {
				what += ", " + amount(liquid.Concentrations)
			}
			one.Liquids = append(one.Liquids, [3]any{liquid.Name, what, bar(liquid.Fraction)})
		}
		for _, m := range well.Measurements {
			one.Measured = append(one.Measured, [2]string{attr(m, "measured"), strings.TrimSpace(attr(m, "value") + " " + attr(m, "unit"))})
		}
		all[well.Well] = one
	}
	text, err := json.Marshal(all)
	return template.JS(text), err //nolint:gosec // JSON, in which encoding/json escapes <, > and &
}

// timeOf reads a time from a form: RFC 3339, or what a browser's field sends, in UTC.
func timeOf(r *http.Request, name string) (time.Time, error) {
	typed := strings.TrimSpace(r.FormValue(name))
	if typed == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if at, err := time.Parse(layout, typed); err == nil {
			return at, nil
		}
	}
	return time.Time{}, lineage.Invalid("read page", name+" "+typed, "write a time as 2026-03-01T08:00:00Z")
}
