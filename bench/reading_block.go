package bench

import (
	"fmt"
	"strconv"
)

// plates are the forms of plates, columns by rows.
var plates = map[int]int{3: 2, 4: 3, 6: 4, 8: 6, 12: 8, 24: 16, 48: 32}

// blockColumns is the number of columns of a block that begins with this line:
// an empty cell (or one of "<>", "row"), then 1, 2, … up to those of a plate. It is 0 for any other line.
func blockColumns(l line) int {
	if len(l.cells) < 2 || l.cells[0] != "" && l.cells[0] != "<>" && columnName(l.cells[0]) != "row" {
		return 0
	}
	n := 0
	for _, c := range l.cells[1:] {
		if c == "" {
			break
		}
		if c != strconv.Itoa(n+1) {
			return 0
		}
		n++
	}
	if plates[n] == 0 {
		return 0
	}
	return n
}

// block reads a plate as it is seen. An empty cell is a well that was not read.
func (r *tableReader) block(header line, columns int) {
	r.found = true
	r.next++
	rows := 0
	for ; r.next < len(r.table.lines) && !r.full; r.next++ {
		l := r.table.lines[r.next]
		row, ok := rowNumber(l.cell(0))
		if !ok {
			break
		}
		rows++
		if row != rows || rows > plates[columns] {
			r.wrong.add(l.place(), fmt.Sprintf("is row %s of a plate with %d columns, after %d rows", l.cell(0), columns, rows-1),
				fmt.Sprintf("give rows A to %s, in order", rowLetters(plates[columns])))
			rows = plates[columns]
			continue
		}
		r.blockRow(l, columns)
	}
	if rows < plates[columns] && !r.full {
		r.wrong.add(header.place(), fmt.Sprintf("the block has %d columns and %d rows", columns, rows),
			fmt.Sprintf("a plate of %d columns has %d rows: give the whole plate, and leave cells of wells that were not read empty", columns, plates[columns]))
	}
}

func (r *tableReader) blockRow(l line, columns int) {
	for column := 1; column < len(l.cells); column++ {
		text := l.cells[column]
		switch {
		case text == "":
		case column > columns:
			// Some readers repeat behind the row what was read: 600, OD600.
			if column > columns+1 {
				r.wrong.add(l.place(), fmt.Sprintf("%q stands behind the last column", text), "one cell there may name what was read, no more")
			}
		default:
			r.value(l.place(), l.cells[0]+strconv.Itoa(column), r.said["name"], text, r.said)
		}
		if r.full {
			return
		}
	}
}

// rowLetters writes the number of a row: 1 is A, 27 is AA.
func rowLetters(row int) string {
	letters := ""
	for ; row > 0; row = (row - 1) / 26 {
		letters = string(rune('A'+(row-1)%26)) + letters
	}
	return letters
}
