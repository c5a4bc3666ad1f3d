package liquid

import (
	"strings"

	"wellspring/ot2"
)

// heads is how many nozzles the largest OT-2 head has: A1 to H1, A at the back.
const heads = 8

// layout is which nozzles of a head are active, and which of them stands over
// the named well. An OT-2 head is one column, so active nozzles are a span of rows.
type layout struct {
	first, last, primary int8 // rows, A is 0
}

// full is the layout of a whole head: every nozzle, the rearmost over the named well.
func full(rows int8) layout { return layout{first: 0, last: rows - 1, primary: 0} }

// rows returns how many nozzles are active.
func (l layout) rows() int { return int(l.last-l.first) + 1 }

// has reports whether the nozzle of a row is active.
func (l layout) has(row int) bool { return row >= int(l.first) && row <= int(l.last) }

// headRows is how many nozzles a pipette of this name has.
func headRows(pipetteName string) int8 {
	if strings.Contains(pipetteName, "_multi") || strings.Contains(pipetteName, "8channel") {
		return heads
	}
	return 1
}

// configure is the layout that a configureNozzleLayout asks of a head.
func configure(want *ot2.NozzleLayout, rows int8) layout {
	if want == nil {
		return full(rows)
	}
	primary := nozzleRow(want.PrimaryNozzle, rows, 0)
	switch want.Style {
	case "SINGLE", "ROW": // a row of a head of one column is one nozzle
		return layout{primary, primary, primary}
	case "COLUMN":
		return layout{0, rows - 1, primary}
	case "QUADRANT":
		back := nozzleRow(want.BackLeftNozzle, rows, primary)
		front := nozzleRow(want.FrontRight, rows, primary)
		return layout{min(primary, back, front), max(primary, back, front), primary}
	}
	return full(rows)
}

// nozzleRow is the row of a nozzle such as "H1", or the other one where there
// is no such nozzle.
func nozzleRow(nozzle string, rows, otherwise int8) int8 {
	if nozzle == "" || nozzle[0] < 'A' || nozzle[0] >= 'A'+byte(rows) {
		return otherwise
	}
	return int8(nozzle[0] - 'A')
}
