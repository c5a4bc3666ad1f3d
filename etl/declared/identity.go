package declared

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"wellspring/etl/benchindex"
	"wellspring/liquid"
	"wellspring/ot2"
)

// Kinds of findings about declarations.
const (
	FindingUnmatched    = "declaration-unmatched" // it names something that the run does not have
	FindingAmbiguous    = "declaration-ambiguous" // it names something that could be several
	FindingPlate        = "plate-ambiguous"       // the identity of labware is contradictory
	FindingClaimedTwice = "plate-claimed-twice"   // two runs claim one plate at one time
	FindingPlateTime    = "plate-time-unknown"    // a plate is declared, but not when the run was
	FindingPlan         = "plan-ambiguous"        // several analyses fit the run
)

// inLabel finds a barcode in a labware's label: in square brackets, at least
// four characters, one of them a digit. So "[DP-0001]" is one, "[left]" and
// "[2]" are none.
var inLabel = regexp.MustCompile(`\[([A-Za-z0-9][A-Za-z0-9._:-]{2,62}[A-Za-z0-9])\]`)

// BarcodeInLabel returns the barcode that a label declares, "" for none. A label
// with two of them declares none.
func BarcodeInLabel(label string) string {
	found := inLabel.FindAllStringSubmatch(label, -1)
	if len(found) != 1 || !strings.ContainsAny(found[0][1], "0123456789") {
		return ""
	}
	return found[0][1]
}

// Identity is which physical labware a run used.
type Identity struct {
	Barcodes map[string]string // by labware id within the run
	Findings []liquid.Finding
}

// Identify finds the declared identity of a run's labware: in its label, in a
// run-time parameter, or in a declaration, which overrules both.
func Identify(run ot2.Run, labware map[string]liquid.LabwareOutcome, said []benchindex.Declared) Identity {
	i := Identity{Barcodes: map[string]string{}}
	deck := deck{labware: labware}
	i.written(run, deck)
	deck.barcodes = maps.Clone(i.Barcodes)
	for _, d := range said {
		if !aboutLabware(d) {
			continue
		}
		id, finding := deck.one(d, d.Target.Labware)
		switch {
		case finding != nil:
			i.Findings = append(i.Findings, *finding)
		case d.Withdrawn:
			delete(i.Barcodes, id)
			if barcode := deck.barcodes[id]; barcode != "" { // what the run itself says remains
				i.Barcodes[id] = barcode
			}
		default:
			i.Barcodes[id] = d.Barcode
		}
	}
	i.contradictions()
	return i
}

// aboutLabware reports whether a declaration is about the identity of labware.
func aboutLabware(d benchindex.Declared) bool {
	t := d.Target
	return t.Run != "" && t.Labware != "" && t.Well == "" && t.Liquid == "" && t.Command == "" && d.Experiment == "" && (d.Barcode != "" || d.Withdrawn)
}

// written takes what the run itself says.
func (i *Identity) written(run ot2.Run, deck deck) {
	parameters := barcodeParameters(run)
	for _, id := range slices.Sorted(maps.Keys(deck.labware)) {
		lw := deck.labware[id]
		said := map[string]bool{}
		if barcode := BarcodeInLabel(lw.Label); barcode != "" {
			said[barcode] = true
		}
		for name, barcode := range parameters {
			if parameterNames(name, lw) {
				said[barcode] = true
			}
		}
		all := slices.Sorted(maps.Keys(said))
		switch len(all) {
		case 0:
		case 1:
			i.Barcodes[id] = all[0]
		default:
			i.Findings = append(i.Findings, liquid.Finding{Kind: FindingPlate, Labware: id,
				Detail: "the run gives it more than one barcode: " + strings.Join(all, ", ")})
		}
	}
}

// barcodeParameters are the run-time parameters barcode_NAME with their texts, by
// NAME: a slot, or what the labware is called.
func barcodeParameters(run ot2.Run) map[string]string {
	found := map[string]string{}
	for _, p := range run.Parameters {
		name, ok := strings.CutPrefix(strings.ToLower(p.Name), "barcode_")
		var barcode string
		if ok && json.Unmarshal(p.Value, &barcode) == nil && strings.TrimSpace(barcode) != "" {
			found[strings.TrimPrefix(name, "slot_")] = strings.TrimSpace(barcode)
		}
	}
	return found
}

func parameterNames(name string, lw liquid.LabwareOutcome) bool {
	if len(lw.Slots) > 0 && lw.Slots[0] == name {
		return true
	}
	label, _, _ := strings.Cut(lw.Label, "[")
	return name == word(label) && name != ""
}

// word writes a label as a parameter's name can: lower case, _ for the rest.
func word(label string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, strings.TrimSpace(label)), "_")
}

// contradictions: one plate can't stand in two places of one deck, so nobody is it.
func (i *Identity) contradictions() {
	by := map[string][]string{}
	for _, id := range slices.Sorted(maps.Keys(i.Barcodes)) {
		by[i.Barcodes[id]] = append(by[i.Barcodes[id]], id)
	}
	for _, barcode := range slices.Sorted(maps.Keys(by)) {
		if ids := by[barcode]; len(ids) > 1 {
			for _, id := range ids {
				delete(i.Barcodes, id)
				i.Findings = append(i.Findings, liquid.Finding{Kind: FindingPlate, Labware: id,
					Detail: fmt.Sprintf("%d labware of this run have the barcode %s: none of them is taken for it", len(ids), barcode)})
			}
		}
	}
}
