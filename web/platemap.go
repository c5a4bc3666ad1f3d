package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"wellspring/lineage"
)

// plateMap is a plate as it is drawn. Lengths are in units of the drawing.
type plateMap struct {
	Width, Height float64
	Rows, Columns []mapLabel
	Wells         []mapWell
	Outline       [4]float64 // x, y, width, height of the labware
	Tube          bool
}

type mapLabel struct {
	X, Y float64
	Text string
}

// mapWell is one well as it is drawn.
type mapWell struct {
	Name       string
	X, Y, W, H float64 // box around it
	Radius     float64 // of its corners; round wells: half the width
	Fill       string  // colour; empty: none
	Class      string  // empty, unknown, valued
	Link       string
	Label      string // what a screen reader says
	Row, Col   int
}

// pitch is the distance of two wells of a 96 well plate in the drawing.
const pitch = 46.0

// layOut places the wells of labware by what is known of its form: rows, columns
// and category of its definition; where that is missing, by the names of wells
// that held something.
func layOut(labware lineage.Node, held []string) plateMap {
	if m, drawn := layOutWells(labware, held); drawn {
		return m
	}
	rows, columns := form(labware, held)
	round := true
	stepX, stepY, gap := pitch, pitch, 3.0
	switch category := attr(labware, "category"); {
	case category == "reservoir":
		round = false
		stepX = max(12*pitch/float64(columns), 20)
		stepY = max(8*pitch/float64(rows), 24)
	case category == "tubeRack" || category == "aluminumBlock" && rows*columns <= 24:
		stepX, stepY, gap = 2*pitch, 2*pitch, 14
	case rows*columns > 96:
		round = false // wells of 384 are square
		stepX, stepY, gap = pitch/2, pitch/2, 1.5
	}
	m := plateMap{Tube: attr(labware, "category") == "tubeRack"}
	const left, top, pad = 34.0, 30.0, 8.0
	for r := range rows {
		m.Rows = append(m.Rows, mapLabel{left - 14, top + pad + (float64(r)+.5)*stepY + 4, rowName(r)})
	}
	for c := range columns {
		m.Columns = append(m.Columns, mapLabel{left + pad + (float64(c)+.5)*stepX, top - 9, strconv.Itoa(c + 1)})
	}
	if rows*columns > 384 || columns > 12 && stepX < pitch { // every second number
		for i := range m.Columns {
			if i%2 == 1 {
				m.Columns[i].Text = ""
			}
		}
	}
	for r := range rows {
		for c := range columns {
			well := mapWell{Name: rowName(r) + strconv.Itoa(c+1), Row: r, Col: c, Class: "empty",
				X: left + pad + float64(c)*stepX + gap, Y: top + pad + float64(r)*stepY + gap, W: stepX - 2*gap, H: stepY - 2*gap, Radius: 4}
			if round {
				well.Radius = well.W / 2
			}
			if rows*columns > 96 {
				well.Radius = 2
			}
			m.Wells = append(m.Wells, well)
		}
	}
	m.Outline = [4]float64{left, top, float64(columns)*stepX + 2*pad, float64(rows)*stepY + 2*pad}
	m.Width, m.Height = left+m.Outline[2]+4, top+m.Outline[3]+4
	return m
}

// perMm is the length of a millimetre in the drawing.
const perMm = pitch / 9

// layOutWells places wells that are no grid where the definition says they are;
// false where it doesn't, or where others held something.
func layOutWells(labware lineage.Node, held []string) (plateMap, bool) {
	const pad = 12.0
	places, _ := labware.Attributes["wells"].([]string)
	m := plateMap{}
	names := make(map[string]bool, len(places))
	least, bottom := math.Inf(1), math.Inf(-1) // the left edge, and the front one, in mm
	for _, place := range places {
		well := mapWell{Class: "empty"}
		n, _ := fmt.Sscan(place, &well.Name, &well.X, &well.Y, &well.W, &well.H)
		if n < 4 {
			return plateMap{}, false
		}
		if n == 4 {
			well.H = well.W
			well.Radius = well.W / 2 * perMm
		} else {
			well.Radius = 4
		}
		names[well.Name] = true
		least, bottom = min(least, well.X-well.W/2), max(bottom, well.Y+well.H/2)
		m.Wells = append(m.Wells, well)
	}
	for _, well := range held {
		if !names[well] {
			return plateMap{}, false
		}
	}
	for i := range m.Wells {
		w := &m.Wells[i]
		w.X, w.Y = pad+(w.X-w.W/2-least)*perMm, pad+20+(bottom-w.Y-w.H/2)*perMm // behind is above
		w.W, w.H = w.W*perMm, w.H*perMm
		m.Columns = append(m.Columns, mapLabel{w.X + w.W/2, w.Y - 4, w.Name})
		m.Outline[2], m.Outline[3] = max(m.Outline[2], w.X+w.W+pad), max(m.Outline[3], w.Y+w.H+pad)
	}
	m.Width, m.Height = m.Outline[2], m.Outline[3]
	return m, len(m.Wells) > 0
}

// form is how many rows and columns labware has.
func form(labware lineage.Node, held []string) (rows, columns int) {
	if r, c := numberOf(labware, "rows"), numberOf(labware, "columns"); r != nil && c != nil {
		rows, columns = int(*r), int(*c)
	}
	for _, well := range held { // also what does not fit the form
		if r, c, ok := wellPlace(well); ok {
			rows, columns = max(rows, r+1), max(columns, c+1)
		}
	}
	return min(max(rows, 1), 64), min(max(columns, 1), 96)
}

// wellPlace reads A1 as row 0, column 0, and AA1 as row 26.
func wellPlace(well string) (row, column int, ok bool) {
	letters := strings.TrimRight(well, "0123456789")
	column, err := strconv.Atoi(well[len(letters):])
	if err != nil || letters == "" || column < 1 {
		return 0, 0, false
	}
	for _, letter := range letters {
		if letter < 'A' || letter > 'Z' {
			return 0, 0, false
		}
		row = row*26 + int(letter-'A') + 1
	}
	return row - 1, column - 1, true
}

func rowName(row int) string {
	if row < 26 {
		return string(rune('A' + row))
	}
	return rowName(row/26-1) + string(rune('A'+row%26))
}
