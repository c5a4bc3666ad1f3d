package report

import (
	_ "embed"
	"html/template"
	"io"
	"strconv"

	"wellspring/lineage"
)

//go:embed report.html
var page string

// pitch is the distance of two wells in the drawing, and edge the room for the
// names of rows and columns.
const pitch, edge = 30, 24

var htmlPage = template.Must(template.New("report").Funcs(template.FuncMap{
	"stamp":  stamp,
	"figure": figure,
	"row":    RowName,
	"inc":    func(i int) int { return i + 1 },
	"list":   func(n int) []int { return make([]int, n) },
	"middle": func(i int) int { return edge + i*pitch + pitch/2 },
	"width":  func(columns int) int { return edge + columns*pitch + 2 },
	"label": func(w Well) string {
		if w.Volume == nil {
			return "?"
		}
		return figure(*w.Volume)
	},
	"fixed": func(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) },
}).Parse(page))

// HTML writes the report as one page that needs nothing else.
func (d Document) HTML(w io.Writer) error {
	if err := htmlPage.Execute(w, d); err != nil {
		return &lineage.Error{Op: "write report", Kind: lineage.ErrorInternal, ID: "report.html", Err: err}
	}
	return nil
}
