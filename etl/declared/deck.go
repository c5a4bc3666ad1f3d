package declared

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"wellspring/etl/benchindex"
	"wellspring/liquid"
)

// deck is the labware of a run, by its id there.
type deck struct {
	labware  map[string]liquid.LabwareOutcome
	barcodes map[string]string
}

// find returns the labware that a name fits best: its id; else its slot, label
// or barcode; else a slot that it stood in for a time, or what it is.
func (d deck) find(name string) []string {
	label := func(lw liquid.LabwareOutcome) string { return strings.TrimSpace(lw.Label) }
	for _, fits := range []func(id string, lw liquid.LabwareOutcome) bool{
		func(id string, _ liquid.LabwareOutcome) bool { return id == name },
		func(id string, lw liquid.LabwareOutcome) bool {
			return len(lw.Slots) > 0 && lw.Slots[0] == name || label(lw) != "" && strings.EqualFold(label(lw), name) ||
				d.barcodes[id] != "" && strings.EqualFold(d.barcodes[id], name)
		},
		func(_ string, lw liquid.LabwareOutcome) bool {
			bare, _, _ := strings.Cut(label(lw), "[")
			return slices.Contains(lw.Slots, name) || bare != "" && strings.EqualFold(strings.TrimSpace(bare), name) || lw.LoadName == name
		},
	} {
		var found []string
		for _, id := range slices.Sorted(maps.Keys(d.labware)) {
			if fits(id, d.labware[id]) {
				found = append(found, id)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// one finds the one labware that a declaration names.
func (d deck) one(said benchindex.Declared, name string) (id string, wrong *liquid.Finding) {
	found := d.find(strings.TrimSpace(name))
	switch len(found) {
	case 0:
		return "", unmatched(said, "the run has no labware "+name+": name it by id, slot, label or barcode")
	case 1:
		return found[0], nil
	}
	return "", ambiguous(said, fmt.Sprintf("labware %s could be any of %s: name it by its id", name, strings.Join(found, ", ")))
}

func unmatched(said benchindex.Declared, why string) *liquid.Finding {
	return &liquid.Finding{Kind: FindingUnmatched, Command: said.Target.Command, Detail: place(said) + ": " + why}
}

func ambiguous(said benchindex.Declared, why string) *liquid.Finding {
	return &liquid.Finding{Kind: FindingAmbiguous, Command: said.Target.Command, Detail: place(said) + ": " + why}
}

// place says where a declaration stands.
func place(said benchindex.Declared) string {
	if said.Row > 0 {
		return fmt.Sprintf("%s row %d", said.Owner, said.Row)
	}
	return string(said.Owner)
}
