package report

import (
	"fmt"
	"strconv"
	"time"
)

// Document is a report. Both forms show all of it, in this order.
type Document struct {
	Title   string
	Subject string // at the head of each page
	Foot    string // at the foot of each page
	At      time.Time
	Facts   []Fact
	Verdict Verdict
	Plates  []Plate
	Tables  []Table
}

// Fact is one line about the whole.
type Fact struct{ Name, Value string }

// Verdict says how far the answer can be trusted.
type Verdict struct {
	Good    bool
	Text    string
	Reasons []string
}

// Table is a list. Total is how many rows there are; more than are shown where
// it was cut.
type Table struct {
	Title   string
	Columns []Column
	Rows    [][]string
	Total   int
	Note    string // under the title
	Empty   string // where there is no row
}

// Column is one column of a table.
type Column struct {
	Name   string
	Weight float64 // of its width
	Right  bool    // figures
	Code   bool    // ids and hashes, which break anywhere
}

// Cut says that rows are missing; empty: none is.
func (t Table) Cut() string {
	if t.Total <= len(t.Rows) {
		return ""
	}
	return fmt.Sprintf("CUT: the first %d of %d rows. The files of the package hold all.", len(t.Rows), t.Total)
}

// Plate is labware as it is drawn: a grid of wells, shaded by volume.
type Plate struct {
	Title         string
	Rows, Columns int
	Wells         []Well
	Most          float64 // the largest volume, µL
}

// Well is a well that held something.
type Well struct {
	Name     string
	Row, Col int
	Volume   *float64 // µL; nil: not known
}

// Shade is how dark a well is drawn, 0 to 1.
func (p Plate) Shade(w Well) float64 {
	if w.Volume == nil || p.Most <= 0 {
		return 0
	}
	return max(0, min(1, *w.Volume/p.Most))
}

// Scale says what the shades mean.
func (p Plate) Scale() string {
	return fmt.Sprintf("By volume, 0 to %s µL; ?: not known; blank: nothing that is known.", figure(p.Most))
}

// RowName is A for 0, AA for 26.
func RowName(row int) string {
	if row < 26 {
		return string(rune('A' + row))
	}
	return RowName(row/26-1) + string(rune('A'+row%26))
}

// stamp is a time with its zone.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05.999 UTC")
}

// stampOf is a time in the form of an attribute, with its zone.
func stampOf(text string) string {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return text
	}
	return stamp(at)
}

// figure is a number as people write it, to four places.
func figure(v float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	if err != nil {
		return fmt.Sprint(v)
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
