package liquid

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"wellspring/ot2"
)

// protocol builds a run, so that a test reads like one. Commands are named c1,
// c2, … in order of writing, and start a second apart.
type protocol struct {
	run     ot2.Run
	options Options
	failed  bool
	at      time.Time
	pipette string
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// newProtocol loads a single channel pipette p1, an 8-channel p8, a rack of 96
// tips, a 96 plate, a 384 plate, tubes, a trough of 12 and an open trough. The
// pipette at hand is the single channel.
func newProtocol() *protocol {
	p := &protocol{at: noon, pipette: "p1"}
	p.run.ID = "run-1"
	p.run.Status = "succeeded"
	p.command("loadPipette", ot2.Params{PipetteName: "p300_single_gen2", Mount: "right"}, ot2.Result{PipetteID: "p1"})
	p.command("loadPipette", ot2.Params{PipetteName: "p300_multi_gen2", Mount: "left"}, ot2.Result{PipetteID: "p8"})
	p.load("rack", "1", rack96())
	p.load("plate", "2", plate96())
	p.load("plate384", "3", plate384())
	p.load("tubes", "4", tubes())
	p.load("reservoir", "5", trough12())
	p.load("open", "6", openTrough())
	return p
}

// command adds a command and returns its id.
func (p *protocol) command(typ string, params ot2.Params, result ot2.Result) string {
	id := "c" + strconv.Itoa(len(p.run.Commands)+1)
	c := ot2.Command{
		ID: id, Key: id, Type: typ, Status: ot2.StatusSucceeded, CreatedAt: p.at, StartedAt: p.at,
		CompletedAt: p.at.Add(900 * time.Millisecond), Params: params, Result: result, HasResult: true,
	}
	if p.failed {
		c.Status, c.Result, c.HasResult = ot2.StatusFailed, ot2.Result{}, false
		c.Error = &ot2.Error{Type: "OverPressureError"}
		p.failed = false
	}
	p.at = p.at.Add(time.Second)
	p.run.Commands = append(p.run.Commands, c)
	return id
}

func (p *protocol) last() *ot2.Command { return &p.run.Commands[len(p.run.Commands)-1] }

// fails makes the next command fail.
func (p *protocol) fails() *protocol { p.failed = true; return p }

// with takes the pipette in hand.
func (p *protocol) with(pipette string) *protocol { p.pipette = pipette; return p }

func (p *protocol) load(id, slot string, def *ot2.Definition) string {
	return p.command("loadLabware", ot2.Params{LoadName: def.LoadName, Location: &ot2.Location{Slot: slot}}, ot2.Result{LabwareID: id, Definition: def})
}

// liquid declares volume µL of a liquid in wells such as "plate/A1".
func (p *protocol) liquid(name string, volume float64, places ...string) string {
	id := ""
	for _, place := range places {
		labware, well := split(place)
		id = p.command("loadLiquid", ot2.Params{LiquidID: name, LabwareID: labware, VolumeByWell: map[string]float64{well: volume}}, ot2.Result{})
	}
	return id
}

func split(place string) (labware, well string) {
	labware, well, _ = strings.Cut(place, "/")
	return labware, well
}

// at the well: by default 1 mm over its bottom. heights are "top+5", "bottom-1", "center+2".
func (p *protocol) params(place string, height []string) ot2.Params {
	labware, well := split(place)
	location := &ot2.WellLocation{Origin: ot2.OriginBottom, OffsetZ: 1}
	if len(height) == 1 {
		location = heightOf(height[0])
	}
	return ot2.Params{PipetteID: p.pipette, LabwareID: labware, WellName: well, WellLocation: location}
}

func heightOf(height string) *ot2.WellLocation {
	i := strings.IndexAny(height, "+-")
	if i < 0 {
		if height == "" {
			return nil
		}
		return &ot2.WellLocation{Origin: height}
	}
	z, err := strconv.ParseFloat(height[i:], 64)
	if err != nil {
		panic(err)
	}
	return &ot2.WellLocation{Origin: height[:i], OffsetZ: z}
}

func (p *protocol) aspirate(volume float64, place string, height ...string) string {
	params := p.params(place, height)
	params.Volume = &volume
	return p.command("aspirate", params, ot2.Result{Volume: &volume})
}

func (p *protocol) dispense(volume float64, place string, height ...string) string {
	params := p.params(place, height)
	params.Volume = &volume
	return p.command("dispense", params, ot2.Result{Volume: &volume})
}

func (p *protocol) blowout(place string, height ...string) string {
	return p.command("blowout", p.params(place, height), ot2.Result{})
}

func (p *protocol) pickUp(place string) string {
	return p.command("pickUpTip", p.params(place, []string{"top"}), ot2.Result{})
}

func (p *protocol) drop(place string) string {
	return p.command("dropTip", p.params(place, []string{"default"}), ot2.Result{})
}

func (p *protocol) moveTo(place string, height ...string) string {
	return p.command("moveToWell", p.params(place, height), ot2.Result{})
}

// inPlace adds a command that acts where the pipette stands.
func (p *protocol) inPlace(typ string, volume ...float64) string {
	params := ot2.Params{PipetteID: p.pipette}
	if len(volume) == 1 {
		params.Volume = &volume[0]
	}
	return p.command(typ, params, ot2.Result{})
}

func (p *protocol) overTrash() string {
	return p.command("moveToAddressableAreaForDropTip", ot2.Params{PipetteID: p.pipette, AddressableAreaName: "fixedTrash"}, ot2.Result{})
}

func (p *protocol) nozzles(style, primary string, corners ...string) string {
	n := &ot2.NozzleLayout{Style: style, PrimaryNozzle: primary}
	if len(corners) == 2 {
		n.BackLeftNozzle, n.FrontRight = corners[0], corners[1]
	}
	return p.command("configureNozzleLayout", ot2.Params{PipetteID: p.pipette, Nozzles: n}, ot2.Result{})
}

func (p *protocol) legacy(kind, text string) string {
	return p.command("custom", ot2.Params{LegacyType: kind, LegacyText: text}, ot2.Result{})
}

// transfer moves volume from one well to another with a fresh tip.
func (p *protocol) transfer(volume float64, from, to string) string {
	p.pickUp("rack/A1")
	p.aspirate(volume, from)
	id := p.dispense(volume, to)
	p.drop("fixedTrash/A1")
	return id
}

// fold folds the run and checks what must hold of every outcome.
func (p *protocol) fold(t testing.TB) Outcome {
	t.Helper()
	out := Fold(p.run, p.options)
	for _, wrong := range violations(out) {
		t.Error(wrong)
	}
	return out
}

// violations names what no outcome may be.
func violations(out Outcome) []string {
	var wrong []string
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if d := math.Abs(out.Balance.Difference); !(d <= 1e-6) {
		complain("mass balance is off by %g µL: %+v", d, out.Balance)
	}
	position := map[StateKey]int{}
	for i, s := range out.States {
		if other, twice := position[s.Key]; twice {
			complain("states %d and %d have one key %v", other, i, s.Key)
		}
		position[s.Key] = i
		if !(s.VolumeUl > 0) {
			complain("state %v has %g µL", s.Key, s.VolumeUl)
		}
		sum, parts := 0.0, 0.0
		for _, o := range s.Origins {
			sum += o.Fraction
		}
		if !(math.Abs(sum-1) <= 1e-9) {
			complain("origins of %v sum to %g", s.Key, sum)
		}
		for i, part := range s.Parts {
			if slices.ContainsFunc(s.Parts[:i], func(p Part) bool { return p.From == part.From }) {
				complain("state %v has two parts from %v", s.Key, part.From)
			}
			parts += part.Fraction
			at, ours := position[part.From]
			if part.From.Run == "" && (!ours || at >= position[s.Key]) {
				complain("state %v comes from %v, which does not stand before it", s.Key, part.From)
			}
			if !(part.VolumeUl > 0) {
				complain("state %v has a part of %g µL", s.Key, part.VolumeUl)
			}
		}
		if !s.First() && !(math.Abs(parts-1) <= 1e-9) {
			complain("parts of %v sum to %g", s.Key, parts)
		}
		for i := 1; i < len(s.Origins); i++ {
			if s.Origins[i-1].State.Compare(s.Origins[i].State) >= 0 {
				complain("origins of %v are not in order, each once", s.Key)
			}
		}
	}
	for labware, wells := range out.Wells {
		for name, w := range wells {
			sum := 0.0
			for _, o := range w.Origins {
				sum += o.Fraction
				if !slices.Contains(w.Ever, o.State) {
					complain("%s/%s holds %v, which never entered it", labware, name, o.State)
				}
			}
			switch {
			case !(w.VolumeUl >= 0):
				complain("%s/%s holds %g µL", labware, name, w.VolumeUl)
			case w.VolumeUl == 0 && len(w.Origins) > 0:
				complain("%s/%s is empty and has origins", labware, name)
			case w.VolumeUl > 0 && !(math.Abs(sum-1) <= 1e-9):
				complain("origins in %s/%s sum to %g", labware, name, sum)
			}
		}
	}
	return wrong
}

// wellsOf writes what wells hold as "plate/A1": "100 water:0.5 plate/B1:0.5", with
// "(ever …)" where more entered than is in it.
func wellsOf(p *protocol, out Outcome) map[string]string {
	wells := map[string]string{}
	for labware, inLabware := range Inspection(p.run, out).Wells {
		for name, w := range inLabware {
			words := []string{strconv.FormatFloat(w.Volume, 'g', 6, 64)}
			for _, origin := range slices.Sorted(maps.Keys(w.Fractions)) {
				words = append(words, fmt.Sprintf("%s:%.4g", short(origin), w.Fractions[origin]))
			}
			if len(w.Origins) != len(w.Fractions) {
				var all []string
				for _, o := range w.Origins {
					all = append(all, short(o))
				}
				words = append(words, "(ever "+strings.Join(all, " ")+")")
			}
			wells[labware+"/"+name] = strings.Join(words, " ")
		}
	}
	return wells
}

func short(origin string) string {
	return strings.TrimPrefix(strings.Replace(origin, "unknown:", "?", 1), "liquid:")
}

// edgesOf writes transfers as "c3 plate/A1>plate/B1 10".
func edgesOf(out Outcome) []string {
	var edges []string
	for _, e := range out.Transfers {
		edges = append(edges, fmt.Sprintf("%s %s>%s %.6g", e.Command, placeText(e.From), placeText(e.To), e.VolumeUl))
	}
	return edges
}

func carriedOf(out Outcome) []string {
	var pairs []string
	for _, c := range out.Carried {
		pairs = append(pairs, fmt.Sprintf("%s %s>%s", c.Command, placeText(c.From), placeText(c.To)))
	}
	return pairs
}

func placeText(p Place) string {
	switch {
	case p.Labware == "":
		return "outside"
	case p.Well == "":
		return p.Labware
	}
	return p.Labware + "/" + p.Well
}

// findingsOf writes findings as "underflow plate/A1", each once.
func findingsOf(out Outcome) []string {
	var kinds []string
	for _, f := range out.Findings {
		text := f.Kind
		if f.Labware != "" {
			text += " " + placeText(Place{f.Labware, f.Well})
		}
		if !slices.Contains(kinds, text) {
			kinds = append(kinds, text)
		}
	}
	return kinds
}

// state returns the state that a command made in a well.
func stateOf(t testing.TB, out Outcome, place, command string) State {
	t.Helper()
	labware, well := split(place)
	for _, s := range out.States {
		if s.Key == (StateKey{Labware: labware, Well: well, Command: command}) {
			return s
		}
	}
	t.Fatalf("no state %s of %s", command, place)
	return State{}
}

var (
	noTime time.Time
	nan    = math.NaN()
)
