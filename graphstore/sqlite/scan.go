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
	// any spares a conversion by reflection, and here it spares memory for each row.
	createdAt any
	numbers   [3]any
	dest      []any
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

// numbered reads nodeColumns and the node's number.
func (s *scanner) numbered(rows *sql.Rows) (lineage.Node, int64, error) {
	n, err := s.node(rows, &s.numbers[0])
	num, ok := s.numbers[0].(int64)
	if err == nil && !ok {
		err = fmt.Errorf("a node's number is a %T", s.numbers[0])
	}
	return n, num, err
}

// edge reads edgeColumns, and more columns into more.
func (s *scanner) edge(rows *sql.Rows, more ...any) (lineage.Edge, error) {
	var e lineage.Edge
	s.dest = append(append(s.dest[:0], &s.ids[0], &s.text, &s.ids[1], &s.ids[2], &s.attributes, &s.createdAt), more...)
	if err := rows.Scan(s.dest...); err != nil {
		return e, err
	}
	var err error
	if e.Attributes, err = s.decoder.shared(s.attributes); err != nil {
		return e, err
	}
	e.RelationshipType = lineage.RelationshipType(s.known(s.text))
	return e, s.filled(&e.CreatedAt, &e.SourceID, &e.TargetID, &e.TransformationID)
}

// link is a row of an edge by numbers, whose attributes are read later.
type link struct {
	key struct {
		source, target int64
		typ            lineage.RelationshipType
		transformation lineage.ID
	}
	step int64 // where the transformation's row is, if it is still there; 0: not known
}

// link reads linkColumns.
func (s *scanner) link(rows *sql.Rows) (l link, err error) {
	s.dest = append(s.dest[:0], &s.numbers[0], &s.text, &s.numbers[1], &s.ids[0], &s.attributes, &s.createdAt, &s.numbers[2])
	if err := rows.Scan(s.dest...); err != nil {
		return l, err
	}
	var ok [2]bool
	l.key.source, ok[0] = s.numbers[0].(int64)
	l.key.target, ok[1] = s.numbers[1].(int64)
	l.step, _ = s.numbers[2].(int64)
	if !ok[0] || !ok[1] {
		return l, fmt.Errorf("an edge from %v to %v", s.numbers[0], s.numbers[1])
	}
	l.key.typ = lineage.RelationshipType(s.known(s.text))
	l.key.transformation, err = id(s.ids[0])
	return l, err
}

// edgeOf is the edge of the link that was just read, between these ends.
func (s *scanner) edgeOf(l link, source, target lineage.ID) (e lineage.Edge, err error) {
	e = lineage.Edge{SourceID: source, TargetID: target, RelationshipType: l.key.typ, TransformationID: l.key.transformation}
	if e.Attributes, err = s.decoder.shared(s.attributes); err != nil {
		return e, err
	}
	return e, s.filled(&e.CreatedAt)
}

// filled copies the time and the ids of a row.
func (s *scanner) filled(at *time.Time, ids ...*lineage.ID) error {
	nanoseconds, ok := s.createdAt.(int64)
	if !ok {
		return fmt.Errorf("created_at is a %T", s.createdAt)
	}
	*at = moment(nanoseconds)
	for i, to := range ids {
		var err error
		if *to, err = id(s.ids[i]); err != nil {
			return err
		}
	}
	return nil
}

func id(b []byte) (lineage.ID, error) {
	if len(b) != len(lineage.ID{}) {
		return lineage.ID{}, fmt.Errorf("an id of %d bytes", len(b))
	}
	return lineage.ID(b), nil
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
