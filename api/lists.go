package api

import (
	"context"
	"iter"
	"strconv"

	"wellspring/etl"
	"wellspring/ingest/journal"
	"wellspring/lineage"
	"wellspring/query"
)

// paged walks a list page by page. In JSON it is one page; else it goes on to
// the end, unless a limit says otherwise. fetch returns a page and the cursor of
// the next one.
func paged[T any](
	ctx context.Context, first []T, next lineage.Cursor, limited bool,
	fetch func(context.Context, lineage.Cursor) ([]T, lineage.Cursor, error), cells func(T) []string,
) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		entries, after := first, next
		for {
			for _, entry := range entries {
				if !yield(row{entry, cells(entry)}, nil) {
					return
				}
			}
			if limited || after == "" {
				return
			}
			var err error
			if entries, after, err = fetch(ctx, after); err != nil {
				yield(row{}, err)
				return
			}
		}
	}
}

// rowsOf are the rows of a list that is all there is.
func rowsOf[T any](all []T, cells func(T) []string) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		for _, one := range all {
			if !yield(row{one, cells(one)}, nil) {
				return
			}
		}
	}
}

// pageSize is how many entries are asked for at once: what the client wants,
// else one page of JSON, or large pieces of the whole.
func pageSize(format ListFormat, limit int) int {
	switch {
	case limit > 0:
		return limit
	case format == JSON:
		return lineage.DefaultPage
	}
	return lineage.MaxPage
}

// list fetches the first page of a list and answers with it, or with all.
func list[T any](
	ctx context.Context, s *server, asked ListFormat, limit int, cursor string,
	fetch func(ctx context.Context, after lineage.Cursor, size int) ([]T, lineage.Cursor, error),
	body func([]T, lineage.Cursor) any, columns []string, cells func(T) []string,
) (listing, error) {
	format := formatOf(ctx, asked)
	size := pageSize(format, limit)
	first, next, err := fetch(ctx, lineage.Cursor(cursor), size)
	if err != nil {
		return listing{}, err
	}
	more := func(ctx context.Context, after lineage.Cursor) ([]T, lineage.Cursor, error) {
		return fetch(ctx, after, size)
	}
	limited := limit > 0 || format == JSON
	header := whole()
	if limited && next != "" {
		header.Set("Wellspring-Complete", "false")
		header.Set("Wellspring-Truncated", "true")
		header.Set("Wellspring-Next", string(next))
	}
	return listing{format: format, header: header, body: body(first, next), columns: columns, log: s.Logger,
		rows: paged(ctx, first, next, limited, more, cells)}, nil
}

func (s *server) ListRuns(ctx context.Context, request ListRunsRequestObject) (ListRunsResponseObject, error) {
	p := request.Params
	return list(ctx, s, p.Format, p.Limit, p.Cursor,
		func(ctx context.Context, after lineage.Cursor, size int) ([]lineage.Node, lineage.Cursor, error) {
			page, err := s.Query.Runs(ctx, after, size, request.Params.AsOf)
			return page.Runs, page.Next, err
		},
		func(runs []lineage.Node, next lineage.Cursor) any { return query.Runs{Runs: runs, Next: next} },
		[]string{"run", "name", "status", "started_at", "completed_at", "duration_s", "robot_serial", "software", "commands",
			"findings", "complete", "incomplete", "id"},
		func(run lineage.Node) []string {
			cells := []string{attributeCell(run.Attributes, lineage.AttrRun), textCell(run.Name)}
			for _, key := range []string{"status", "startedAt", "completedAt", "durationS", "robotSerial", "software", "commands",
				"findings", "complete", lineage.AttrIncomplete} {
				cells = append(cells, attributeCell(run.Attributes, key))
			}
			return append(cells, run.ID.String())
		})
}

func (s *server) ListExperiments(ctx context.Context, request ListExperimentsRequestObject) (ListExperimentsResponseObject, error) {
	p := request.Params
	return list(ctx, s, p.Format, p.Limit, p.Cursor,
		func(ctx context.Context, after lineage.Cursor, size int) ([]lineage.Node, lineage.Cursor, error) {
			page, err := s.Query.Experiments(ctx, after, size, p.AsOf)
			return page.Experiments, page.Next, err
		},
		func(all []lineage.Node, next lineage.Cursor) any {
			return query.Experiments{Experiments: all, Next: next}
		},
		[]string{"experiment", "known_since", "id"},
		func(e lineage.Node) []string { return []string{textCell(e.Name), timeCell(e.CreatedAt), e.ID.String()} })
}

func (s *server) ListProcessing(ctx context.Context, request ListProcessingRequestObject) (ListProcessingResponseObject, error) {
	p := request.Params
	return list(ctx, s, p.Format, p.Limit, p.Cursor,
		func(ctx context.Context, after lineage.Cursor, size int) ([]etl.Processing, lineage.Cursor, error) {
			page, err := s.Pipeline.List(ctx, etl.StatesQuery{Status: p.Status, After: after, Limit: size})
			return page.Processings, page.Next, err
		},
		func(all []etl.Processing, next lineage.Cursor) any {
			return Processings{Processings: nonNil(all), Next: string(next)}
		},
		[]string{"owner", "status", "stage", "attempts", "envelopes", "position", "started_at", "ended_at",
			"collect_s", "process_s", "store_s", "verify_s", "total_s", "error", "remedy", "id"},
		func(p etl.Processing) []string {
			ended := ""
			if p.EndedAt != nil {
				ended = timeCell(*p.EndedAt)
			}
			return []string{textCell(string(p.Owner)), string(p.Status), string(p.Stage), strconv.Itoa(p.Attempts), strconv.Itoa(p.Envelopes),
				textCell(string(p.Position)), timeCell(p.StartedAt), ended, numberCell(p.Seconds.Collect), numberCell(p.Seconds.Process),
				numberCell(p.Seconds.Store), numberCell(p.Seconds.Verify), numberCell(p.Seconds.Total), textCell(p.Error), textCell(p.Remedy), p.ID}
		})
}

func (s *server) ListDeadLetters(ctx context.Context, request ListDeadLettersRequestObject) (ListDeadLettersResponseObject, error) {
	p := request.Params
	return list(ctx, s, p.Format, p.Limit, p.Cursor,
		func(ctx context.Context, after lineage.Cursor, size int) ([]DeadLetter, lineage.Cursor, error) {
			letters, err := s.Letters.Letters(ctx, string(after), size)
			return deadLetters(letters, size, err)
		},
		func(all []DeadLetter, next lineage.Cursor) any {
			return DeadLetters{DeadLetters: all, Next: string(next)}
		},
		[]string{"id", "state", "stage", "attempts", "died_at", "subject", "source", "event_id", "type", "door", "observed_at", "error", "remedy"},
		func(l DeadLetter) []string {
			return []string{textCell(l.ID), string(l.State), l.Stage, strconv.Itoa(l.Attempts), timeCell(l.DiedAt), textCell(l.Subject),
				textCell(l.Source), textCell(l.EventID), textCell(l.Type), textCell(l.Door), timeCell(l.ObservedAt), textCell(l.Error), textCell(l.Remedy)}
		})
}

// deadLetters is a page of letters: a full one may have another behind it.
func deadLetters(letters []journal.DeadLetter, size int, err error) ([]DeadLetter, lineage.Cursor, error) {
	page, next := make([]DeadLetter, 0, len(letters)), lineage.Cursor("")
	for _, letter := range letters {
		page = append(page, deadLetter(letter, false))
	}
	if len(letters) == size {
		next = lineage.Cursor(letters[size-1].ID)
	}
	return page, next, err
}

func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
