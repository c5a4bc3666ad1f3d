package bench

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"wellspring/ot2"
)

const opSteps = "read steps"

// Steps are what other hands than an OT-2's did to plates: a person, a script
// (PyLabRobot), another liquid handler. They are a run in the commands of an
// OT-2, so that the fold and its rules apply as they are.
//
// A labware's id in the run is its barcode. Its definition, ByName, knows every
// well by its name and no volume.
type Steps struct {
	Run ot2.Run
	// Declared are the plates' identities, and the lots and samples of what was filled in.
	Declared []Declaration
	By       string // who; may be empty
	Software string // what moved the instrument; may be empty
}

// DecodeSteps reads steps by others (docs/steps.md): a wellspring.steps.v1
// document, or an Allotrope Simple Model document of a liquid handler. Every wrong
// step is told, and then nothing is taken: errors are *lineage.Error.
func DecodeSteps(document string, payload []byte, limits Limits) (Steps, error) {
	limits = limits.orDefault()
	if err := limits.size(opSteps, payload); err != nil {
		return Steps{}, err
	}
	var top struct {
		Handler json.RawMessage `json:"liquid handler aggregate document"`
	}
	if err := unmarshal(opSteps, payload, &top); err != nil {
		return Steps{}, err
	}
	b := newStepBuilder(document, limits)
	read := b.event
	if top.Handler != nil {
		read = b.asm
	}
	if err := read(payload); err != nil {
		return Steps{}, err
	}
	return b.finish()
}

// stepsEvent is a wellspring.steps.v1 document.
type stepsEvent struct {
	ID         word `json:"id"`
	Name       word `json:"name"`
	By         word `json:"by"`
	Status     word `json:"status"`
	StartedAt  word `json:"started_at"`
	EndedAt    word `json:"ended_at"`
	Instrument struct {
		Name     word `json:"name"`
		Serial   word `json:"serial"`
		Software word `json:"software"`
	} `json:"instrument"`
	Steps []json.RawMessage `json:"steps"`
}

// event reads a wellspring.steps.v1 document.
func (b *stepBuilder) event(payload []byte) error {
	var e stepsEvent
	if err := unmarshal(opSteps, payload, &e); err != nil {
		return err
	}
	if e.ID == "" || strings.Contains(string(e.ID), "/") {
		b.wrong.add("id", "is missing, or holds a /", "give these steps an id that no others have, as a run has one")
	}
	if len(e.Steps) == 0 {
		b.wrong.add("steps", "is missing or empty", "list what was done")
	}
	run := &b.steps.Run
	run.ID, run.ProtocolName = string(e.ID), string(e.Name)
	run.RobotSerial, run.RobotName = string(e.Instrument.Serial), string(e.Instrument.Name)
	b.steps.By, b.steps.Software = string(e.By), string(e.Instrument.Software)
	b.started, b.ended = b.moment("started_at", e.StartedAt), b.moment("ended_at", e.EndedAt)
	switch e.Status {
	case "":
		run.Status = "succeeded"
	case "running", "succeeded", "failed", "stopped":
		run.Status = string(e.Status)
	default:
		b.wrong.add("status", fmt.Sprintf("%q is none", e.Status), "use running, succeeded, failed or stopped")
	}
	for i, raw := range e.Steps {
		s := stepEvent{place: "steps[" + strconv.Itoa(i) + "]", raw: compact(raw)}
		if err := readMember(opSteps, s.place, raw, &s); err != nil {
			return err
		}
		if run.Status == "running" && (s.At == "" || s.ID == "") {
			b.wrong.add(s.place, "has no id or no time, and the run goes on", "give each step both, as more documents of this run are to come")
		}
		s.ID = s.ID.or(word("#" + strconv.Itoa(i)))
		b.step(&s)
		if b.full {
			return tooManyRows(opSteps, b.limits)
		}
	}
	return nil
}

// stepEvent is one step of a document.
type stepEvent struct {
	ID      word     `json:"id"`
	Do      word     `json:"do"`
	At      word     `json:"at"`
	Ended   word     `json:"ended_at"`
	Failed  word     `json:"failed"`
	From    places   `json:"from"`
	To      places   `json:"to"`
	In      places   `json:"in"`
	Plates  places   `json:"plates"`
	Channel word     `json:"channel"`
	Keep    bool     `json:"keep_tip"`
	Volume  *float64 `json:"volume_ul"`
	Times   *int     `json:"times"`
	Seconds *float64 `json:"duration_s"`
	Celsius *float64 `json:"celsius"`
	Liquid  word     `json:"liquid"`
	Lot     word     `json:"lot"`
	Sample  word     `json:"sample"`
	Value   *float64 `json:"concentration"`
	Unit    word     `json:"unit"`
	Analyte word     `json:"analyte"`

	place string
	raw   json.RawMessage
}

// places are names such as PLATE/A1: one, or a list.
type places []string

// UnmarshalJSON reads a string or a list of strings.
func (p *places) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*p = nil
		if one != "" {
			*p = places{one}
		}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(p))
}

// treatments are steps that act on whole plates and move no liquid.
var treatments = []string{"incubate", "centrifuge", "shake", "seal", "unseal", "store", "freeze", "thaw"}

// step turns one step into commands.
func (b *stepBuilder) step(s *stepEvent) {
	act := b.begin(s)
	switch do := string(s.Do); {
	case do == "transfer" || do == "split" || do == "pool":
		b.transfers(act, s)
	case do == "mix":
		b.mix(act, s)
	case do == "discard":
		for _, from := range b.wells(s, "from", s.From) {
			act.aspirate(from, b.volume(s))
			act.dropTip()
		}
	case do == "fill":
		b.fill(act, s)
	case do == "aspirate":
		for _, from := range b.wells(s, "from", s.From) {
			act.aspirate(from, b.volume(s))
		}
	case do == "dispense":
		for _, to := range b.wells(s, "to", s.To) {
			act.dispense(to, b.volume(s))
		}
	case do == "drop_tip":
		act.dropTip()
	case slices.Contains(treatments, do):
		b.treat(act, s)
	default:
		b.wrong.add(s.place+".do", fmt.Sprintf("%q is no step", do),
			"use transfer, split, pool, mix, fill, discard, aspirate, dispense, drop_tip, "+strings.Join(treatments, ", "))
	}
}

// transfers moves liquid from one place to several, from several to one, or
// from each to the one beside it.
func (b *stepBuilder) transfers(act *stepAct, s *stepEvent) {
	from, to := b.wells(s, "from", s.From), b.wells(s, "to", s.To)
	volume := b.volume(s)
	n := max(len(from), len(to))
	if n > 1 && (len(from) != 1 && len(from) != n || len(to) != 1 && len(to) != n) {
		b.wrong.add(s.place, fmt.Sprintf("has %d places in from and %d in to", len(from), len(to)), "give one to several, several to one, or as many of each")
		return
	}
	if len(from) == 0 || len(to) == 0 {
		return // told by wells
	}
	for i := range n {
		act.part = i
		act.aspirate(from[min(i, len(from)-1)], volume)
		act.dispense(to[min(i, len(to)-1)], volume)
		if !s.Keep {
			act.dropTip()
		}
	}
}

// maxTimes is more often than anybody mixes.
const maxTimes = 1000

func (b *stepBuilder) mix(act *stepAct, s *stepEvent) {
	times := 1
	if s.Times != nil {
		times = *s.Times
	}
	if times < 1 || times > maxTimes {
		b.wrong.add(s.place+".times", fmt.Sprintf("%d times", times), fmt.Sprintf("use 1 to %d", maxTimes))
		return
	}
	volume := b.volume(s)
	for i, in := range b.wells(s, "in", s.In) {
		for k := range times {
			act.part = i*times + k
			act.aspirate(in, volume)
			act.dispense(in, volume)
		}
		if !s.Keep {
			act.dropTip()
		}
	}
}

// fill puts liquid of a lot, a sample or of a name into wells.
func (b *stepBuilder) fill(act *stepAct, s *stepEvent) {
	name := s.Lot.or(s.Sample).or(s.Liquid)
	switch {
	case name == "":
		b.wrong.add(s.place, "does not say what was filled in", "give a lot, a sample or the name of a liquid")
	case s.Lot != "" && s.Sample != "":
		b.wrong.add(s.place+".sample", "is given beside a lot", "give one of them")
	}
	c := b.concentration(s)
	to, volume := b.wells(s, "to", s.To), b.volume(s)
	for i, place := range to {
		act.part = i
		act.load(place, string(name), volume)
	}
	b.liquid(s, string(name), c)
}

func (b *stepBuilder) concentration(s *stepEvent) *Concentration {
	if s.Value == nil && s.Unit == "" {
		return nil
	}
	c := &Concentration{Unit: string(s.Unit), Analyte: string(s.Analyte)}
	if s.Value == nil || *s.Value < 0 {
		b.wrong.add(s.place+".concentration", "is missing or negative", "give a value and a unit")
		return nil
	}
	if c.Value = *s.Value; c.Dimension() == "" {
		b.wrong.add(s.place+".unit", fmt.Sprintf("%q is no unit of concentration", s.Unit), unitHint)
	}
	return c
}

// treat acts on whole plates.
func (b *stepBuilder) treat(act *stepAct, s *stepEvent) {
	if len(s.Plates) == 0 {
		b.wrong.add(s.place+".plates", "is missing", "name the plates by their barcodes")
	}
	for i, plate := range s.Plates {
		if plate == "" {
			b.wrong.add(s.place+".plates", "holds an empty name", "name the plates by their barcodes")
			continue
		}
		act.part = i
		b.plate(plate, true)
		act.treat(string(s.Do), plate, s.Seconds, s.Celsius)
	}
}

// wells reads names of places. Nothing read was told.
func (b *stepBuilder) wells(s *stepEvent, member string, names places) []stepPlace {
	if len(names) == 0 {
		b.wrong.add(s.place+"."+member, "is missing", "name a place as PLATE/WELL: DP-0001/A1")
	}
	read := make([]stepPlace, 0, len(names))
	for _, name := range names {
		slash := strings.LastIndexByte(name, '/')
		well, ok := parseWell(name[slash+1:])
		if slash < 1 || !ok {
			b.wrong.add(s.place+"."+member, fmt.Sprintf("%q is no place", name), "name a place as PLATE/WELL: DP-0001/A1")
			continue
		}
		b.plate(name[:slash], true)
		read = append(read, stepPlace{name[:slash], well})
	}
	return read
}

func (b *stepBuilder) volume(s *stepEvent) float64 {
	switch {
	case s.Volume == nil:
		b.wrong.add(s.place+".volume_ul", "is missing", "give the volume in µL")
		return 0
	case *s.Volume < 0 || *s.Volume > maxVolumeUl:
		b.wrong.add(s.place+".volume_ul", fmt.Sprintf("a volume of %g µL", *s.Volume), "give a volume in µL, from 0 to 10 L")
	}
	return *s.Volume
}

func (b *stepBuilder) moment(place string, text word) time.Time {
	if text == "" {
		return time.Time{}
	}
	at, ok := parseMoment(string(text))
	if !ok {
		b.wrong.add(place, fmt.Sprintf("%q is no time with a zone", text), momentHint)
	}
	return at
}
