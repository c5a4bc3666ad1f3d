package sqlite

import (
	"database/sql"
	"fmt"
	"time"

	"wellspring/lineage"
)

// scanner reads rows into nodes and edges. It belongs to one reading, whose rows
// it takes one after the other.
type scanner struct {
	decoder
	ids        [3]sql.RawBytes
	text, name string
	attributes sql.RawBytes
	createdAt  any // that spares a conversion by reflection
	dest       []any
}

func newScanner() *scanner {
	return &scanner{decoder: *newDecoder()}
}

// node reads nodeColumns, and more columns into more.
func (s *scanner) node(rows *sql.Rows, more ...any) (lineage.Node, error) {
	var n lineage.Node
	s.dest = append(append(s.dest[:0], &s.ids[0], &s.text, &s.name, &s.attributes, &s.createdAt), more...)
	if err := rows.Scan(s.dest...); err != nil {
		return n, err
	}
	var err error
	if n.Attributes, err = s.decoder.attributes(s.attributes); err != nil {
		return n, err
	}
	n.Kind, n.Name = lineage.Kind(s.known(s.text)), s.name
	return n, s.filled(&n.CreatedAt, &n.ID)
}

// edge reads edgeColumns, and more columns into more.
func (s *scanner) edge(rows *sql.Rows, more ...any) (lineage.Edge, error) {
	e, err := s.edgeHead(rows, more...)
	if err != nil {
		return e, err
	}
	e.Attributes, err = s.decoder.attributes(s.attributes)
	return e, err
}

// edgeHead reads an edge and leaves its attributes for later.
func (s *scanner) edgeHead(rows *sql.Rows, more ...any) (lineage.Edge, error) {
	var e lineage.Edge
	s.dest = append(append(s.dest[:0], &s.ids[0], &s.text, &s.ids[1], &s.ids[2], &s.attributes, &s.createdAt), more...)
	if err := rows.Scan(s.dest...); err != nil {
		return e, err
	}
	e.RelationshipType = lineage.RelationshipType(s.known(s.text))
	return e, s.filled(&e.CreatedAt, &e.SourceID, &e.TargetID, &e.TransformationID)
}

// filled copies the time and the ids of a row.
func (s *scanner) filled(at *time.Time, ids ...*lineage.ID) error {
	nanoseconds, ok := s.createdAt.(int64)
	if !ok {
		return fmt.Errorf("created_at is a %T", s.createdAt)
	}
	*at = moment(nanoseconds)
	for i, id := range ids {
		if copy(id[:], s.ids[i]) != len(id) || len(s.ids[i]) != len(id) {
			return fmt.Errorf("an id of %d bytes", len(s.ids[i]))
		}
	}
	return nil
}

// known is a text that there are few of, kept once.
func (s *scanner) known(text string) string {
	if kept, ok := s.texts[text]; ok {
		return kept
	}
	s.texts[text] = text
	return text
}

func (s *scanner) nodeRevision(rows *sql.Rows, _ ...any) (lineage.Revision, error) {
	var retractedAt sql.NullInt64
	n, err := s.node(rows, &retractedAt)
	return lineage.Revision{Node: &n, CreatedAt: n.CreatedAt, RetractedAt: end(retractedAt)}, err
}

func (s *scanner) edgeRevision(rows *sql.Rows, _ ...any) (lineage.Revision, error) {
	var retractedAt sql.NullInt64
	e, err := s.edge(rows, &retractedAt)
	return lineage.Revision{Edge: &e, CreatedAt: e.CreatedAt, RetractedAt: end(retractedAt)}, err
}
