package bench

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// line is one line of a table.
type line struct {
	number int // in the file, from 1
	cells  []string
}

// cell returns the cell of a column, "" where the line is shorter.
func (l line) cell(column int) string {
	if column < 0 || column >= len(l.cells) {
		return ""
	}
	return l.cells[column]
}

// blank reports whether nothing stands in the line.
func (l line) blank() bool {
	for _, c := range l.cells {
		if c != "" {
			return false
		}
	}
	return true
}

func (l line) place() string { return "line " + strconv.Itoa(l.number) }

// table is what separated values say: every line, trimmed, comments left out.
type table struct {
	lines        []line
	decimalComma bool // numbers may be written 0,84: cells are not separated by commas
}

// readTable reads comma, semicolon or tab separated values in UTF-8, with or
// without a byte order mark.
func readTable(op string, payload []byte, limits Limits) (table, error) {
	if err := limits.size(op, payload); err != nil {
		return table{}, err
	}
	text := bytes.TrimPrefix(payload, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(text) {
		return table{}, fault(op, "", "the text is not UTF-8", "save the table as CSV UTF-8")
	}
	separator := separatorOf(text)
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.Comment, r.FieldsPerRecord, r.TrimLeadingSpace = separator, '#', -1, separator != '\t'
	t := table{decimalComma: separator != ','}
	for {
		cells, err := r.Read()
		if err == io.EOF {
			return t, nil
		}
		var syntax *csv.ParseError
		if errors.As(err, &syntax) {
			return table{}, fault(op, fmt.Sprintf("line %d", syntax.Line), syntax.Err.Error(), "check the quotes of this line")
		}
		if err != nil {
			return table{}, fault(op, "", err.Error(), "give a table of separated values")
		}
		if len(t.lines) == limits.Rows {
			return table{}, tooManyRows(op, limits)
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		number, _ := r.FieldPos(0)
		t.lines = append(t.lines, line{number, cells})
	}
}

// separatorOf finds the separator in the first line that says something.
func separatorOf(text []byte) rune {
	for first := range bytes.Lines(text) {
		first = bytes.TrimRight(first, "\r\n")
		switch {
		case len(bytes.TrimSpace(first)) == 0 && !bytes.ContainsRune(first, '\t'), first[0] == '#':
			continue
		case bytes.ContainsRune(first, '\t'):
			return '\t'
		case bytes.ContainsRune(first, ';'):
			return ';'
		}
		break
	}
	return ','
}

// number reads a number as a table writes it.
func (t table) number(text string) (float64, bool) {
	if t.decimalComma && !strings.Contains(text, ".") {
		text = strings.Replace(text, ",", ".", 1)
	}
	return parseNumber(text)
}

// parseNumber reads a finite decimal number.
func parseNumber(text string) (float64, bool) {
	if text == "" || strings.Trim(text, "0123456789+-.eE") != "" {
		return 0, false // strconv also takes inf, nan, hexadecimal and underscores
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil
}

// columnName writes the name of a column in one way: "Lot Number" is lot_number.
func columnName(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-' || r == '.':
			return '_'
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return r
	}, strings.TrimSpace(text))
}
