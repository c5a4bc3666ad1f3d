package report

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"

	"wellspring/lineage"
)

// Lengths of the printed pages, mm; of type, points.
const (
	margin   = 14.
	foot     = 16. // kept free at the end of a page
	small    = 7.
	lineMm   = 3.3 // of small type
	cellPad  = 1.
	wellMm   = 8.4
	edgeMm   = 6.
	fontName = "Go"
	// lacking stands for letters that the font does not have.
	lacking = '\u25a1'
)

// PDF writes the report as pages to print. Equal documents give equal bytes.
func (d Document) PDF(w io.Writer) error {
	p, err := newPrinter(d)
	if err != nil {
		return err
	}
	p.head()
	p.plates()
	for _, t := range d.Tables {
		p.table(t)
	}
	if p.lacks {
		p.room(10)
		p.write(8, "", "Letters that the font of these pages does not have are printed as "+string(lacking)+". report.html has them.")
	}
	if err := p.pdf.Output(w); err != nil {
		return &lineage.Error{Op: "write report", Kind: lineage.ErrorInternal, ID: "report.pdf", Err: err}
	}
	return nil
}

// printer is one document on its way to paper.
type printer struct {
	Document
	pdf    *fpdf.Fpdf
	font   *sfnt.Font
	buffer sfnt.Buffer
	lacks  bool
	width  float64 // between the margins
}

func newPrinter(d Document) (*printer, error) {
	font, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		return nil, &lineage.Error{Op: "write report", Kind: lineage.ErrorInternal, ID: "font", Err: err}
	}
	p := &printer{Document: d, pdf: fpdf.New("L", "mm", "A4", ""), font: font}
	pdf := p.pdf
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(d.At.UTC())
	pdf.SetModificationDate(d.At.UTC())
	pdf.SetProducer("Wellspring", true)
	pdf.SetTitle(d.Title+": "+d.Subject, true)
	pdf.SetLang("en")
	pdf.AddUTF8FontFromBytes(fontName, "", goregular.TTF)
	pdf.AddUTF8FontFromBytes(fontName, "B", gobold.TTF)
	pdf.SetMargins(margin, margin, margin)
	pdf.SetCellMargin(0)
	pdf.SetAutoPageBreak(false, foot)
	pdf.AliasNbPages("{pages}")
	page, _ := pdf.GetPageSize()
	p.width = page - 2*margin
	pdf.SetFooterFunc(func() {
		pdf.SetXY(margin, -foot+6)
		pdf.SetFont(fontName, "", small)
		pdf.SetTextColor(90, 90, 90)
		pdf.CellFormat(p.width-30, 4, p.text(d.Title+": "+d.Subject+". "+d.Foot), "", 0, "L", false, 0, "")
		pdf.CellFormat(30, 4, fmt.Sprintf("page %d of {pages}", pdf.PageNo()), "", 0, "R", false, 0, "")
	})
	pdf.AddPage()
	return p, nil
}

// text is text in letters that the font has.
func (p *printer) text(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		if glyph, err := p.font.GlyphIndex(&p.buffer, r); err != nil || glyph == 0 {
			p.lacks = true
			return lacking
		}
		return r
	}, s)
}

// room begins another page where so much is not left.
func (p *printer) room(mm float64) bool {
	_, height := p.pdf.GetPageSize()
	if p.pdf.GetY()+mm <= height-foot {
		return false
	}
	p.pdf.AddPage()
	return true
}

// write writes a paragraph.
func (p *printer) write(points float64, style, text string) {
	p.pdf.SetFont(fontName, style, points)
	p.pdf.SetTextColor(20, 20, 20)
	height := points * 0.5
	for _, line := range p.pdf.SplitText(p.text(text), p.width) {
		p.room(height)
		p.pdf.SetX(margin)
		p.pdf.CellFormat(p.width, height, line, "", 1, "L", false, 0, "")
	}
}

func (p *printer) head() {
	p.write(18, "B", p.Title)
	p.write(10, "", p.Subject)
	p.pdf.Ln(3)
	for _, f := range p.Facts {
		p.pdf.SetFont(fontName, "", 9)
		lines := p.pdf.SplitText(p.text(f.Value), p.width-45)
		p.room(4.5 * float64(len(lines)))
		p.pdf.SetTextColor(90, 90, 90)
		p.pdf.SetX(margin)
		p.pdf.CellFormat(45, 4.5, p.text(f.Name), "", 0, "L", false, 0, "")
		p.pdf.SetTextColor(20, 20, 20)
		for _, line := range lines {
			p.pdf.SetX(margin + 45)
			p.pdf.CellFormat(p.width-45, 4.5, line, "", 1, "L", false, 0, "")
		}
	}
	p.pdf.Ln(3)
	p.write(11, "B", p.Verdict.Text)
	for _, reason := range p.Verdict.Reasons {
		p.write(9, "", "– "+reason)
	}
	p.pdf.Ln(2)
}

// plates draws the plates, as many beside each other as there is room for.
func (p *printer) plates() {
	x, low := margin, p.pdf.GetY()
	for i, plate := range p.Plates {
		scale := min(1, (p.width-edgeMm)/(wellMm*float64(plate.Columns)), 130/(wellMm*float64(plate.Rows)))
		width, height := edgeMm+scale*wellMm*float64(plate.Columns), 16+scale*wellMm*float64(plate.Rows)
		if x > margin && x+max(width, 80) > margin+p.width {
			x = margin
			p.pdf.SetY(low)
		}
		if p.room(height) {
			x, low = margin, p.pdf.GetY()
		}
		top := p.pdf.GetY()
		p.plate(plate, x, top, scale)
		p.pdf.SetY(top)
		low = max(low, top+height+3)
		x += max(width, 80) + 8
		if i == len(p.Plates)-1 {
			p.pdf.SetY(low)
		}
	}
}

// plate draws one plate.
func (p *printer) plate(plate Plate, x, y, scale float64) {
	pdf, well := p.pdf, wellMm*scale
	pdf.SetXY(x, y)
	pdf.SetFont(fontName, "B", 9)
	pdf.SetTextColor(20, 20, 20)
	pdf.CellFormat(well*float64(plate.Columns), 5, p.text(plate.Title), "", 0, "L", false, 0, "")
	y += 6
	center := func(size, cx, cy float64, text string) {
		pdf.SetFont(fontName, "", size)
		pdf.SetXY(cx-well, cy-1.5)
		pdf.CellFormat(2*well, 3, text, "", 0, "C", false, 0, "")
	}
	middle := func(row, column int) (float64, float64) {
		return x + edgeMm + (float64(column)+.5)*well, y + 3 + (float64(row)+.5)*well
	}
	letters := max(2, 6*scale)
	pdf.SetTextColor(90, 90, 90)
	pdf.SetDrawColor(190, 190, 190)
	pdf.SetLineWidth(.15)
	for column := range plate.Columns {
		cx, _ := middle(0, column)
		center(letters, cx, y+1.5, fmt.Sprint(column+1))
	}
	for row := range plate.Rows {
		_, cy := middle(row, 0)
		center(letters, x+edgeMm/2, cy, RowName(row))
		for column := range plate.Columns {
			cx, cy := middle(row, column)
			pdf.Circle(cx, cy, .45*well, "D")
		}
	}
	for _, w := range plate.Wells {
		cx, cy := middle(w.Row, w.Col)
		shade, label := plate.Shade(w), "?"
		if w.Volume != nil {
			label = figure(*w.Volume)
		}
		pdf.SetFillColor(255-int(shade*233), 255-int(shade*151), 255-int(shade*71))
		pdf.SetDrawColor(22, 104, 184)
		pdf.Circle(cx, cy, .45*well, "FD")
		pdf.SetTextColor(20, 20, 20)
		if shade >= .55 {
			pdf.SetTextColor(255, 255, 255)
		}
		center(max(1.6, 5.2*scale), cx, cy, label)
	}
	pdf.SetXY(x, y+4+well*float64(plate.Rows))
	pdf.SetFont(fontName, "", small-1)
	pdf.SetTextColor(90, 90, 90)
	pdf.CellFormat(80, 3, p.text(plate.Scale()), "", 0, "L", false, 0, "")
}

// table writes a table; its head is repeated on each page.
func (p *printer) table(t Table) {
	p.room(24)
	p.pdf.Ln(3)
	p.write(11, "B", fmt.Sprintf("%s (%d)", t.Title, t.Total))
	if t.Note != "" {
		p.write(8, "", t.Note)
	}
	if cut := t.Cut(); cut != "" {
		p.write(8, "B", cut)
	}
	if len(t.Rows) == 0 {
		p.write(8, "", t.Empty)
		return
	}
	p.pdf.Ln(1)
	total, names := 0., make([]string, len(t.Columns))
	for i, c := range t.Columns {
		total, names[i] = total+c.Weight, c.Name
	}
	widths := make([]float64, len(t.Columns))
	for i, c := range t.Columns {
		widths[i] = p.width * c.Weight / total
	}
	p.row(t, widths, names, "B")
	for _, row := range t.Rows {
		p.row(t, widths, row, "")
	}
}

// mostLines is how many lines of a cell are printed.
const mostLines = 24

// row writes one row; where a page ends before it, the head is written again.
func (p *printer) row(t Table, widths []float64, cells []string, style string) {
	p.pdf.SetFont(fontName, style, small)
	split, most := make([][]string, len(cells)), 1
	for i, cell := range cells {
		split[i] = p.pdf.SplitText(p.text(cell), widths[i]-2*cellPad)
		if len(split[i]) > mostLines {
			split[i] = append(split[i][:mostLines-1], "… (cut)")
		}
		most = max(most, len(split[i]))
	}
	height := float64(most)*lineMm + 1
	if p.room(height) && style == "" {
		names := make([]string, len(t.Columns))
		for i, c := range t.Columns {
			names[i] = c.Name
		}
		p.row(t, widths, names, "B")
		p.pdf.SetFont(fontName, style, small)
	}
	x, y := margin, p.pdf.GetY()
	if style == "B" {
		p.pdf.SetFillColor(238, 241, 245)
		p.pdf.Rect(x, y, p.width, height, "F")
	}
	p.pdf.SetTextColor(20, 20, 20)
	for i, lines := range split {
		align := "L"
		if t.Columns[i].Right {
			align = "R"
		}
		for n, line := range lines {
			p.pdf.SetXY(x+cellPad, y+.5+float64(n)*lineMm)
			p.pdf.CellFormat(widths[i]-2*cellPad, lineMm, line, "", 0, align, false, 0, "")
		}
		x += widths[i]
	}
	p.pdf.SetDrawColor(210, 214, 220)
	p.pdf.SetLineWidth(.1)
	p.pdf.Line(margin, y+height, margin+p.width, y+height)
	p.pdf.SetXY(margin, y+height)
}
