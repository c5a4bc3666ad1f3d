package query

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"wellspring/lineage"
)

// why lists what differs besides steps and wells.
func (d *differ) why() {
	d.header()
	d.parameters()
	d.tools()
	d.decks()
	d.lots()
	c := d.answer.Counts
	if c.StepsOnlyFrom+c.StepsOnlyTo > 0 {
		d.add("steps", "", fmt.Sprintf("%d without a counterpart", c.StepsOnlyFrom), fmt.Sprintf("%d without a counterpart", c.StepsOnlyTo))
	}
	if c.OutOfOrder > 0 {
		d.add("order", "", "", fmt.Sprintf("%d of %d steps were done at another place in the order", c.OutOfOrder, c.StepsMatched))
	}
	volumes := 0
	for _, change := range d.answer.Changed {
		if slices.Contains(change.What, "volume") {
			volumes++
		}
	}
	if volumes > 0 {
		d.add("volumes", "", "", fmt.Sprintf("%d of %d steps moved another volume", volumes, c.StepsMatched))
	}
}

// add notes a difference. What a plan leaves open is none.
func (d *differ) add(what, name, from, to string) {
	if from == to || d.planned && (from == "" || to == "") && (what == "software" || what == "protocol" || what == "pipette" || what == "offset") {
		return
	}
	d.answer.Why = append(d.answer.Why, Difference{What: what, Name: name, From: from, To: to})
}

func (d *differ) header() {
	a, b := d.a.node.Attributes, d.b.node.Attributes
	d.add("protocol", text(b, attrProtocolName), text(a, "protocol"), text(b, "protocol"))
	d.add("software", "", text(a, "software"), text(b, "software"))
	if !d.planned {
		d.add("robot", "", text(a, "robotSerial"), text(b, "robotSerial"))
	}
}

func (d *differ) parameters() {
	values := func(of side) map[string]string {
		all := make(map[string]string)
		for _, parameter := range texts(of.node.Attributes, "parameters") {
			name, value, _ := strings.Cut(parameter, "=")
			all[name] = value
		}
		return all
	}
	d.compare("parameter", values(d.a), values(d.b))
}

// tools compares pipettes by mount and modules by slot. A plan knows their
// models, not which ones they are.
func (d *differ) tools() {
	of := func(tools []lineage.Node, kind lineage.Kind, where string) map[string]string {
		all := make(map[string]string)
		for _, tool := range tools {
			if tool.Kind != kind {
				continue
			}
			words := []string{text(tool.Attributes, "model")}
			if serial := text(tool.Attributes, "serial"); serial != "" && !d.planned {
				words = append(words, serial)
			}
			all[cmp.Or(text(tool.Attributes, where), tool.Name)] = strings.TrimSpace(strings.Join(words, " "))
		}
		return all
	}
	d.compare("pipette", of(d.a.tools, lineage.KindPipette, "mount"), of(d.b.tools, lineage.KindPipette, "mount"))
	d.compare("module", of(d.a.tools, lineage.KindModule, attrSlot), of(d.b.tools, lineage.KindModule, attrSlot))
}

// compare notes what differs between two lists of named values.
func (d *differ) compare(what string, a, b map[string]string) {
	names := maps.Clone(a)
	maps.Copy(names, b)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		d.add(what, name, a[name], b[name])
	}
}

// decks compares what stood on the deck: kind, place and calibration.
func (d *differ) decks() {
	for _, p := range d.paired {
		what := func(labware lineage.Node) string {
			if labware.Kind == "" {
				return ""
			}
			words := []string{labwareTitle(labware)}
			if load := text(labware.Attributes, attrLoadName); load != "" && load != words[0] {
				words = append(words, load)
			}
			if slot := text(labware.Attributes, attrSlot); slot != "" {
				words = append(words, "slot "+slot)
			}
			if barcode := text(labware.Attributes, lineage.AttrBarcode); barcode != "" && !d.planned {
				words = append(words, "barcode "+barcode)
			}
			return strings.Join(words, ", ")
		}
		d.add("labware", p.name(), what(p.a), what(p.b))
		if p.a.Kind != "" && p.b.Kind != "" {
			d.add("offset", p.name(), text(p.a.Attributes, attrOffset), text(p.b.Attributes, attrOffset))
		}
	}
}

// attrOffset is how far labware was calibrated off its place.
const attrOffset = "offset"

// lots compares what was declared of each liquid. A plan knows no lots.
func (d *differ) lots() {
	if d.planned {
		return
	}
	of := func(fills map[string][]string) map[string]string {
		all := make(map[string]string)
		for liquid, lots := range fills {
			all[liquid] = strings.Join(lots, ", ")
		}
		return all
	}
	a, b := of(d.fills[0]), of(d.fills[1])
	for liquid := range a {
		if _, both := b[liquid]; !both {
			delete(a, liquid) // another liquid, not another lot: the wells say so
		}
	}
	for liquid := range b {
		if _, both := a[liquid]; !both {
			delete(b, liquid)
		}
	}
	d.compare("lot", a, b)
}
