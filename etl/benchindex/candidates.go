package benchindex

import (
	"context"
	"time"
)

// Candidate is labware of an earlier run that might be the same plate. It is a
// suggestion to confirm, never an identity.
type Candidate struct {
	Labware        string    `json:"labware"` // id within the run asked about
	EarlierRun     string    `json:"earlier_run"`
	EarlierLabware string    `json:"earlier_labware"`
	Barcode        string    `json:"barcode,omitempty"` // of the earlier one, where declared
	Slot           string    `json:"slot"`
	Definition     string    `json:"definition"`
	EndedAt        time.Time `json:"ended_at"` // of the earlier run
}

// sameDay is how long after an earlier run a plate is still suggested.
const sameDay = 24 * time.Hour

// Candidates suggests, for labware of a run whose identity nobody declared, what
// stood in the same slot with the same definition earlier on the same day.
// Latest first.
func (x *Index) Candidates(ctx context.Context, run string) ([]Candidate, error) {
	const op = "suggest labware"
	rows, err := x.db.QueryContext(ctx, `
		SELECT mine.labware, earlier.run, earlier.labware, earlier.barcode, mine.slot, mine.definition, earlier.ended_at
		FROM plate AS mine JOIN plate AS earlier ON earlier.definition = mine.definition AND earlier.slot = mine.slot
		WHERE mine.run = ?1 AND mine.barcode = '' AND mine.definition <> '' AND mine.slot <> '' AND earlier.run <> ?1
			AND earlier.started_at <> 0 AND earlier.started_at < mine.started_at AND earlier.ended_at <= mine.started_at
			AND mine.started_at - earlier.ended_at < ?2
		ORDER BY mine.labware, earlier.ended_at DESC, earlier.run, earlier.labware`, run, int64(sameDay))
	if err != nil {
		return nil, failed(op, run, err)
	}
	defer rows.Close()
	var all []Candidate
	for rows.Next() {
		var c Candidate
		var ended int64
		if err := rows.Scan(&c.Labware, &c.EarlierRun, &c.EarlierLabware, &c.Barcode, &c.Slot, &c.Definition, &ended); err != nil {
			return nil, failed(op, run, err)
		}
		c.EndedAt = instant(ended)
		all = append(all, c)
	}
	return all, failed(op, run, rows.Err())
}
