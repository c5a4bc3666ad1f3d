package neo4j

import (
	"context"
	"fmt"
	"slices"
	"strings"

	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"wellspring/cypher"
	"wellspring/graphstore"
	"wellspring/lineage"
)

// The view of what holds what is a full-text index over the origins that states name, each
// a word of its own: the server keeps it in the transaction that writes a state.

// inSearch is how many words one search of the index has; Lucene takes 1,024.
const inSearch = 1000

// Holders implements graphstore.Store.
func (s *Store) Holders(ctx context.Context, origins []lineage.ID, limit int) ([]lineage.HeldWell, bool, error) {
	const op = "holders"
	if limit < 1 {
		return nil, false, lineage.Invalid(op, "limit", "ask for at least one")
	}
	if len(origins) == 0 {
		return nil, false, nil
	}
	words, asked := texts(sortedIDs(origins)), map[string]any{}
	var searches []string
	for part := range slices.Chunk(words, inSearch) {
		searches = append(searches, strings.Join(part, " "))
	}
	for _, word := range words {
		asked[word] = true
	}
	var wells []lineage.HeldWell
	_, err := s.read(ctx, func(tx querier) (any, error) {
		wells = nil
		parameters := map[string]any{"searches": searches, "origins": asked, "limit": limit + 1}
		return nil, eachRow(ctx, tx, cypher.Read("holders"), parameters, func(row []any) error {
			well, err := readHeldWell(row)
			wells = append(wells, well)
			return err
		})
	})
	if err != nil {
		return nil, false, storeError(ctx, op, "", err)
	}
	return wells[:min(limit, len(wells))], len(wells) > limit, nil
}

// readHeldWell reads a well that is given as a list.
func readHeldWell(row []any) (w lineage.HeldWell, err error) {
	if len(row) != 7 {
		return w, fmt.Errorf("a well comes as %v", row)
	}
	w.Run, _ = row[0].(string)
	w.Labware, _ = row[1].(string)
	w.Well, _ = row[2].(string)
	contents, _ := row[3].(int64)
	measurements, _ := row[4].(int64)
	w.Contents, w.Measurements = int(contents), int(measurements)
	w.FractionMin, _ = row[5].(float64)
	w.FractionMax, _ = row[6].(float64)
	return w, nil
}

var _ graphstore.Viewer = (*Store)(nil)

// CheckViews implements graphstore.Viewer. What the index has of a state is the server's to
// keep; that it has all states is looked at.
func (s *Store) CheckViews(ctx context.Context) (wrong []string, err error) {
	_, err = s.read(ctx, func(tx querier) (any, error) {
		wrong = nil
		return nil, each(ctx, tx, cypher.Read("holding_states"), nil, func(record *driver.Record) error {
			say, _ := record.AsMap()["say"].(int64)
			has, _ := record.AsMap()["has"].(int64)
			if say != has {
				wrong = append(wrong, fmt.Sprintf("the index origins_of_states has %d contents, of which there are %d: drop it, and start the service again, which makes it", has, say))
			}
			return nil
		})
	})
	return wrong, storeError(ctx, "check views", "", err)
}
