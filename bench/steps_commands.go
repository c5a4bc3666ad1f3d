package bench

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"wellspring/ot2"
)

// stepPlace is a well of a labware of the run.
type stepPlace struct{ labware, well string }

// stepBuilder gathers the commands that steps become.
type stepBuilder struct {
	document string
	limits   Limits
	wrong    faults
	steps    Steps
	plates   []ot2.Labware
	known    map[string]bool // plates, and liquids under "liquid:"
	channels []string
	commands []ot2.Command
	started  time.Time
	ended    time.Time
	timed    int // steps that say when
	untimed  string
	full     bool
}

func newStepBuilder(document string, limits Limits) *stepBuilder {
	return &stepBuilder{document: document, limits: limits, wrong: faults{op: opSteps}, known: map[string]bool{}}
}

// stepAct is the step at hand; its commands share id, time and fate.
type stepAct struct {
	*stepBuilder
	id        string
	part      int // of a step with several places
	at, ended time.Time
	channel   string
	failed    string
	raw       json.RawMessage
}

const hand = "hand"

func (b *stepBuilder) begin(s *stepEvent) *stepAct {
	return b.act(s.place, &stepAct{
		id: string(s.ID), at: b.moment(s.place+".at", s.At), ended: b.moment(s.place+".ended_at", s.Ended),
		channel: string(s.Channel.or(hand)), failed: string(s.Failed), raw: s.raw,
	})
}

// act makes a step the one at hand.
func (b *stepBuilder) act(place string, act *stepAct) *stepAct {
	act.stepBuilder = b
	if act.at.IsZero() {
		b.untimed = place
	} else {
		b.timed++
		if b.started.IsZero() || act.at.Before(b.started) {
			b.started = act.at
		}
		if act.at.After(b.ended) {
			b.ended = act.at
		}
	}
	if act.ended.After(b.ended) {
		b.ended = act.ended
	}
	return act
}

// plate makes a labware known. What has a barcode is the same plate in every run.
func (b *stepBuilder) plate(id string, barcode bool) {
	if b.known[id] {
		return
	}
	b.known[id] = true
	label := id
	if barcode {
		label = "[" + id + "]" // as a protocol's label declares a barcode
		b.steps.Declared = append(b.steps.Declared, Declaration{
			Document: b.document, Row: len(b.steps.Declared) + 1, Target: Target{Labware: id}, Barcode: id,
		})
	}
	b.plates = append(b.plates, ot2.Labware{ID: id, DisplayName: label})
}

// liquid makes what was filled in known, and says which lot or sample it was.
func (b *stepBuilder) liquid(s *stepEvent, id string, c *Concentration) {
	if id == "" || b.known["liquid:"+id] {
		return
	}
	b.known["liquid:"+id] = true
	b.steps.Run.Liquids = append(b.steps.Run.Liquids, ot2.Liquid{ID: id, DisplayName: id})
	if s.Lot != "" || s.Sample != "" || c != nil {
		b.steps.Declared = append(b.steps.Declared, Declaration{
			Document: b.document, Row: len(b.steps.Declared) + 1, Target: Target{Liquid: id},
			Lot: string(s.Lot), Sample: string(s.Sample), Conc: c,
		})
	}
}

func (a *stepAct) aspirate(from stepPlace, volume float64) { a.move("aspirate", from, volume) }
func (a *stepAct) dispense(to stepPlace, volume float64)   { a.move("dispense", to, volume) }

func (a *stepAct) move(typ string, at stepPlace, volume float64) {
	if !slices.Contains(a.channels, a.channel) {
		a.channels = append(a.channels, a.channel)
	}
	a.add(typ, ot2.Params{
		PipetteID: a.channel, LabwareID: at.labware, WellName: at.well, Volume: &volume,
		WellLocation: &ot2.WellLocation{Origin: ot2.OriginBottom}, // in the liquid
	})
}

// dropTip ends the tip's life: what comes next has a fresh one.
func (a *stepAct) dropTip() {
	a.add("dropTip", ot2.Params{PipetteID: a.channel, LabwareID: "fixedTrash", WellName: "A1"})
}

func (a *stepAct) load(to stepPlace, liquid string, volume float64) {
	a.add("loadLiquid", ot2.Params{LabwareID: to.labware, LiquidID: liquid, VolumeByWell: map[string]float64{to.well: volume}})
}

// treat is a command that no OT-2 has: the fold notes it as a step on the
// labware's contents.
func (a *stepAct) treat(do, plate string, seconds, celsius *float64) {
	a.add("labware/"+do, ot2.Params{LabwareID: plate, Seconds: seconds, Celsius: celsius})
}

func (a *stepAct) add(typ string, params ot2.Params) {
	if len(a.commands) == a.limits.Rows {
		a.full = true
		return
	}
	c := ot2.Command{
		ID: a.id + "/" + strconv.Itoa(a.part) + "/" + typ, Type: typ, Status: ot2.StatusSucceeded,
		CreatedAt: a.at, StartedAt: a.at, CompletedAt: a.ended, Params: params, RawParams: a.raw,
	}
	if a.failed != "" && typ != "dropTip" { // the tip goes all the same
		c.Status, c.Error = ot2.StatusFailed, &ot2.Error{Type: "stepFailed", Detail: a.failed, CreatedAt: a.at}
	}
	a.commands = append(a.commands, c)
}

// finish puts the run together: what it stands on, then what was done.
func (b *stepBuilder) finish() (Steps, error) {
	switch {
	case b.timed > 0 && b.untimed != "":
		b.wrong.add(b.untimed, "does not say when", "give every step a time, or none: without, the list is the order")
	case b.started.IsZero() && b.wrong.n == 0:
		b.wrong.add("started_at", "is missing", "say when it began, or when each step was done")
	}
	if id := b.repeated(); id != "" && b.wrong.n == 0 {
		b.wrong.add("steps", "two steps have the id "+id, "give each an id of its own, or none of them")
	}
	if err := b.wrong.err(); err != nil {
		return Steps{}, err
	}
	steps := b.steps
	run := &steps.Run
	for i := range steps.Declared {
		steps.Declared[i].Target.Run, steps.Declared[i].Who = run.ID, steps.By
	}
	run.CreatedAt, run.StartedAt = b.started, b.started
	if run.Ended() {
		run.CompletedAt = b.ended
	}
	for _, channel := range b.channels {
		run.Pipettes = append(run.Pipettes, ot2.Pipette{ID: channel})
	}
	definition := ByName()
	started := b.started
	if b.timed == 0 {
		started = time.Time{} // no command says when: the list is the order
	}
	for _, plate := range b.plates {
		plate.LoadName = definition.LoadName
		run.Labware = append(run.Labware, plate)
		run.Commands = append(run.Commands, ot2.Command{
			ID: "load/" + plate.ID, Type: "loadLabware", Intent: "setup", Status: ot2.StatusSucceeded,
			CreatedAt: started, StartedAt: started, CompletedAt: started,
			Params: ot2.Params{LoadName: definition.LoadName, DisplayName: plate.DisplayName},
			Result: ot2.Result{LabwareID: plate.ID, Definition: definition}, HasResult: true,
		})
	}
	run.Commands = append(run.Commands, b.commands...)
	run.CommandsTotal = -1
	return steps, nil
}

// repeated returns the id of a command that stands there twice.
func (b *stepBuilder) repeated() string {
	seen := make(map[string]bool, len(b.commands))
	for _, c := range b.commands {
		if seen[c.ID] {
			return c.ID
		}
		seen[c.ID] = true
	}
	return ""
}

// ByName is the definition of labware of which nothing is known but that its
// wells have names: A1 to AF48. They stand in the grid of a plate, so that a single
// channel finds each by its name; their size and capacity are not known.
func ByName() *ot2.Definition {
	const pitch = 9 // mm
	d := &ot2.Definition{Namespace: "wellspring", LoadName: "by_name", Version: 1, DisplayName: "labware, wells by name", Wells: map[string]ot2.Well{}}
	for row := range maxRows {
		for column := range maxColumns {
			name := rowLetters(row+1) + strconv.Itoa(column+1)
			d.Wells[name] = ot2.Well{Shape: "circular", X: float64(column) * pitch, Y: float64(maxRows-row) * pitch}
		}
	}
	return d
}
