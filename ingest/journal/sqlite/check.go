package sqlite

import (
	"context"
	"fmt"
)

// Check looks for records that are not there any more: positions have no gaps.
// It looks at the segments too.
func (j *Journal) Check(ctx context.Context) ([]string, error) {
	const op = "check"
	rows, err := j.reads.QueryContext(ctx, `
		SELECT before + 1, position - 1 FROM (SELECT position, lag(position) OVER (ORDER BY position) AS before FROM record)
		WHERE position > before + 1 LIMIT 100`)
	if err != nil {
		return nil, j.failed(ctx, op, "", err)
	}
	defer rows.Close()
	var gaps []string
	for rows.Next() {
		var from, to int64
		if err := rows.Scan(&from, &to); err != nil {
			return nil, j.failed(ctx, op, "", err)
		}
		gaps = append(gaps, fmt.Sprintf("the records %d to %d are missing", from, to))
	}
	if err := rows.Err(); err != nil {
		return nil, j.failed(ctx, op, "", err)
	}
	wrong, err := j.checkSegments(ctx)
	return append(gaps, wrong...), err
}

// Ready says why nothing can be written now. Where the last write failed it tries
// another one: else nobody would know that the disk is well again.
func (j *Journal) Ready(ctx context.Context) error {
	if !j.writer.failing.Load() {
		return nil
	}
	return j.writer.do(ctx, "write to the journal", func(t *transaction) error {
		return t.exec(fmt.Sprintf("PRAGMA user_version = %d", schemaVersion))
	})
}
