package api

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"wellspring/lineage"
	"wellspring/query"
)

// row is one entry of a list: a value for NDJSON, cells for CSV.
type row struct {
	value any
	cells []string
}

// listing answers with a list: in JSON as its body, else row by row. Rows are
// made while they are sent, so memory holds one page at most.
type listing struct {
	format  ListFormat
	header  http.Header
	body    any // of JSON
	columns []string
	rows    iter.Seq2[row, error]
	log     *slog.Logger
}

// flushRows is how many rows are sent at once.
const flushRows = 1000

func (l listing) write(w http.ResponseWriter) error {
	for name, values := range l.header {
		w.Header()[name] = values
	}
	switch l.format {
	case Ndjson:
		w.Header().Set("Content-Type", "application/x-ndjson")
		return l.stream(w, lines(w), func() error { return nil })
	case Csv:
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		writer := csv.NewWriter(w)
		if err := writer.Write(l.columns); err != nil {
			return err
		}
		return l.stream(w, func(r row) error { return writer.Write(r.cells) }, func() error {
			writer.Flush()
			return writer.Error()
		})
	}
	w.Header().Set("Content-Type", "application/json")
	if large, ok := l.body.(interface{ WriteJSON(w io.Writer) error }); ok {
		return large.WriteJSON(w)
	}
	return json.NewEncoder(w).Encode(l.body)
}

// lines sends the values of rows, one a line.
func lines(w io.Writer) func(row) error {
	encoder := json.NewEncoder(w)
	var line []byte
	return func(r row) error {
		value, ok := r.value.(interface {
			AppendJSON(b []byte) ([]byte, error)
		})
		if !ok {
			return encoder.Encode(r.value)
		}
		var err error
		if line, err = value.AppendJSON(line[:0]); err != nil {
			return err
		}
		line = append(line, '\n')
		_, err = w.Write(line)
		return err
	}
}

// stream sends the rows. A list that breaks off breaks the connection off: a
// client must not take half of it for the whole.
func (l listing) stream(w http.ResponseWriter, send func(row) error, flush func() error) error {
	sent := 0
	for r, err := range l.rows {
		if err != nil {
			if sent == 0 {
				return err
			}
			l.log.Error("a list broke off while it was sent", "rows", sent, "error", err)
			panic(http.ErrAbortHandler)
		}
		if err := send(r); err != nil {
			return err // the client has left
		}
		if sent++; sent%flushRows == 0 {
			if err := flush(); err != nil {
				return err
			}
			_ = http.NewResponseController(w).Flush() // not every writer can
		}
	}
	return flush()
}

func (l listing) VisitListRunsResponse(w http.ResponseWriter) error        { return l.write(w) }
func (l listing) VisitListExperimentsResponse(w http.ResponseWriter) error { return l.write(w) }
func (l listing) VisitGetRunGraphResponse(w http.ResponseWriter) error     { return l.write(w) }
func (l listing) VisitGetAncestryResponse(w http.ResponseWriter) error     { return l.write(w) }
func (l listing) VisitGetImpactResponse(w http.ResponseWriter) error       { return l.write(w) }
func (l listing) VisitGetTouchedResponse(w http.ResponseWriter) error      { return l.write(w) }
func (l listing) VisitGetHistoryResponse(w http.ResponseWriter) error      { return l.write(w) }
func (l listing) VisitListProcessingResponse(w http.ResponseWriter) error  { return l.write(w) }
func (l listing) VisitListCandidatesResponse(w http.ResponseWriter) error  { return l.write(w) }
func (l listing) VisitListAuditResponse(w http.ResponseWriter) error       { return l.write(w) }
func (l listing) VisitListDeadLettersResponse(w http.ResponseWriter) error { return l.write(w) }

// Cells of CSV. An unknown value is an empty cell.

// textCell keeps a spreadsheet from taking text for a formula.
func textCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}

func numberCell(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

func optionalCell(f *float64) string {
	if f == nil {
		return ""
	}
	return numberCell(*f)
}

func timeCell(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// attributeCell is one attribute, whatever its type.
func attributeCell(attributes lineage.Attributes, key string) string {
	switch v := attributes[key].(type) {
	case string:
		return textCell(v)
	case float64:
		return numberCell(v)
	case bool:
		return strconv.FormatBool(v)
	case []string:
		return textCell(strings.Join(v, "; "))
	}
	return ""
}

// concentrationsCell is concentrations as a person writes them: 0.1 mg/mL; 5 nM of primer.
func concentrationsCell(concentrations []query.Concentration) string {
	words := make([]string, 0, len(concentrations))
	for _, c := range concentrations {
		word := numberCell(c.Value) + " " + c.Unit
		if c.Analyte != "" {
			word += " of " + c.Analyte
		}
		words = append(words, word)
	}
	return textCell(strings.Join(words, "; "))
}

// attributesCell is all attributes, as JSON.
func attributesCell(attributes lineage.Attributes) string {
	text, err := json.Marshal(attributes)
	if err != nil || attributes == nil {
		return ""
	}
	return string(text)
}
