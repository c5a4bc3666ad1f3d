package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"wellspring/lineage"
)

// knownFormat refuses a form of output that there is not, before anything is done.
func knownFormat(cmd *cobra.Command, _ []string) error {
	switch format, err := cmd.Flags().GetString("output"); {
	case err != nil:
		return err
	case format != "table" && format != "json":
		return lineage.Invalid("write output", "--output "+format, "use table or json")
	}
	return nil
}

// output writes value as JSON, or what people draws as a table.
func output(cmd *cobra.Command, value any, people func(*table)) error {
	format, err := cmd.Flags().GetString("output")
	if err != nil {
		return err
	}
	if format == "json" {
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(value)
	}
	t := newTable(cmd.OutOrStdout())
	people(t)
	return t.flush()
}

// printable takes out of a text what would steer a terminal: names come from others.
func printable(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = oneLine(line)
	}
	return strings.Join(lines, "\n")
}

// table lines up columns for people. On a terminal it fits into the window: the
// widest columns are cut. Elsewhere every cell is whole.
type table struct {
	out   io.Writer
	width int // columns of the terminal; 0: no terminal
	rows  [][]string
}

func newTable(w io.Writer) *table {
	t := &table{out: w}
	if f, is := w.(*os.File); is {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil { //nolint:gosec // a file's number is small
			t.width = width
		}
	}
	return t
}

// row writes one row of cells.
func (t *table) row(cells ...string) {
	for i, cell := range cells {
		cells[i] = oneLine(cell)
	}
	t.rows = append(t.rows, cells)
}

// line writes a sentence that takes no part in the columns.
func (t *table) line(format string, args ...any) {
	_ = t.flush()
	_, _ = io.WriteString(t.out, printable(fmt.Sprintf(format, args...))+"\n")
}

// flush writes the rows so far.
func (t *table) flush() error {
	rows := t.rows
	t.rows = nil
	if t.width > 0 {
		fit(rows, t.width)
	}
	w := tabwriter.NewWriter(t.out, 0, 4, gap, ' ', 0)
	for _, cells := range rows {
		_, _ = fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "\t"), "\t "))
	}
	return w.Flush()
}

const (
	gap       = 2 // blanks between columns
	leastCell = 8 // letters that a cell keeps: of an id, what still names it
)

// fit cuts the widest columns of rows until they are at most width wide.
func fit(rows [][]string, width int) {
	var widths []int
	for _, cells := range rows {
		for i, cell := range cells {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	all := gap * (len(widths) - 1)
	for _, w := range widths {
		all += w
	}
	for ; all > width; all-- {
		widest := 0
		for i, w := range widths {
			if w > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= leastCell+1 {
			break
		}
		widths[widest]--
	}
	for _, cells := range rows {
		for i, cell := range cells {
			if letters := []rune(cell); len(letters) > widths[i] {
				cells[i] = string(letters[:widths[i]-1]) + "…"
			}
		}
	}
}
