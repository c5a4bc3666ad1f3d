package bench

import (
	"fmt"
	"strings"
)

// asm reads an Allotrope Simple Model document of a liquid handler: each
// measurement document is one transfer.
func (b *stepBuilder) asm(payload []byte) error {
	d, err := openASM(opSteps, asmLiquidHandler, payload)
	if err != nil {
		return err
	}
	run := &b.steps.Run
	run.ID, run.Status = d.runID(payload), "succeeded"
	run.RobotSerial, run.RobotName, b.steps.Software = d.instrument, d.model, d.software
	for i, g := range d.groups {
		if i == 0 {
			b.steps.By = string(g.Analyst)
			run.ProtocolName = string(g.Measurements.Method)
		}
		for k, m := range g.Measurements.Documents {
			if err := b.measured(g, g.at(k), m); err != nil {
				return err
			}
			if b.full {
				return tooManyRows(opSteps, b.limits)
			}
		}
	}
	if len(b.commands) == 0 && b.wrong.n == 0 {
		b.wrong.add(asmLiquidHandler+" document", "holds no transfers", "export the document with its measurements")
	}
	return nil
}

// runID names what the document tells of. An instrument's run is one, in however
// many documents it is told.
func (d asmDocument) runID(payload []byte) string {
	if len(d.groups) == 1 && d.groups[0].Measurements.Data != "" && d.instrument != "" {
		return strings.ReplaceAll(d.instrument+":"+string(d.groups[0].Measurements.Data), "/", "_")
	}
	return contentID(payload)
}

// measured turns one transfer into commands. One that the instrument reports as
// failed may have moved something: its wells become uncertain.
func (b *stepBuilder) measured(g asmGroup, place string, m asmMeasurement) error {
	var sample asmSample
	if err := m.read(opSteps, place, "sample document", &sample); err != nil {
		return err
	}
	failures, err := m.errors(opSteps, place)
	if err != nil {
		return err
	}
	from := b.asmPlace(place+", source", sample.SourcePlate, sample.SourceLocation, sample.SourceWell)
	to := b.asmPlace(place+", destination", sample.TargetPlate, sample.TargetLocation, sample.TargetWell)
	at, said := m.moment(g)
	if said != "" && at.IsZero() {
		b.wrong.add(place+", measurement time", fmt.Sprintf("%q is no time with a zone", said), momentHint)
	}
	act := b.act(place, &stepAct{id: string(m.text("measurement identifier").or(word(place))), at: at, channel: "transfer"})
	for _, e := range failures {
		act.failed = strings.TrimPrefix(act.failed+"; "+string(e.Text.or("error")), "; ")
	}
	volume := b.asmVolume(place, m)
	act.aspirate(from, volume)
	act.dispense(to, volume)
	act.dropTip()
	return nil
}

// asmPlace names a well. Without a barcode the plate is known by where it stood,
// within this run only.
func (b *stepBuilder) asmPlace(place string, plate, location, well word) stepPlace {
	name, ok := parseWell(string(well))
	if !ok {
		b.wrong.add(place+" well location identifier", fmt.Sprintf("%q is no well", well), wellHint)
	}
	barcode := plate != "" && !strings.HasPrefix(strings.ToLower(string(plate)), "unknown")
	id := string(plate)
	if !barcode {
		id = string(location.or(plate))
	}
	if id == "" {
		b.wrong.add(place+" well plate identifier", "is missing", "export the document with the plates' barcodes")
		return stepPlace{}
	}
	b.plate(id, barcode)
	return stepPlace{id, name}
}

// asmVolume is what was moved, else what was asked for, in µL.
func (b *stepBuilder) asmVolume(place string, m asmMeasurement) float64 {
	for _, name := range []string{"transfer volume", "dispense volume", "aspiration volume"} {
		q, ok := readQuantity(m[name])
		if !ok {
			continue
		}
		if q.value == nil {
			b.wrong.add(place+", "+name, fmt.Sprintf("%q is no number", q.text), "export the document with its volumes")
			return 0
		}
		volume, ok := microlitres(*q.value, q.unit)
		if !ok || volume < 0 || volume > maxVolumeUl {
			b.wrong.add(place+", "+name, fmt.Sprintf("%g %s is no volume", *q.value, q.unit), "give a volume in nL, µL, mL or L, from 0 to 10 L")
			return 0
		}
		return volume
	}
	b.wrong.add(place+", transfer volume", "is missing", "export the document with its volumes")
	return 0
}
