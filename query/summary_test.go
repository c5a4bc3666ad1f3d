package query_test

import (
	"testing"
	"time"

	"wellspring/lineage"
	"wellspring/query"
	"wellspring/query/querytest"
)

func TestSummarize(t *testing.T) {
	s := lab(t)
	for _, tt := range []struct {
		selector              string
		span                  query.Span
		wells, plates, values int
		possible              int
	}{
		{"lot:LOT-7", query.Span{}, 3, 2, 1, 1}, // stock A1, dilution A1 and B1; C1 by carry-over
		{"robot:OT2-1", query.Span{}, 7, 4, 1, 0},
		{"run:" + querytest.Dilution, query.Span{}, 5, 2, 1, 0},
		{"robot:OT2-1", query.Span{From: time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)}, 7, 4, 1, 0}, // its contents carry no time: none is missed
		{"robot:OT2-1", query.Span{To: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)}, 0, 0, 0, 0},
	} {
		summary, err := s.Summarize(t.Context(), query.SummaryAsk{Selector: tt.selector, Span: tt.span})
		if err != nil {
			t.Errorf("%s: %v", tt.selector, err)
			continue
		}
		c := summary.Affected.Counts
		if c.Wells != tt.wells || c.Plates != tt.plates || c.Measurements != tt.values || summary.Possible.Counts.Wells != tt.possible {
			t.Errorf("%s: %+v, possible %+v", tt.selector, c, summary.Possible.Counts)
		}
	}
	if _, err := s.Summarize(t.Context(), query.SummaryAsk{Selector: "lot:LOT-7", Span: query.Span{To: time.Now()}}); lineage.KindOf(err) != lineage.ErrorInvalid {
		t.Errorf("a span of a lot: %v", err)
	}
	cut, err := s.Summarize(t.Context(), query.SummaryAsk{Selector: "lot:LOT-7", Limit: 1})
	if err != nil || !cut.Truncated || cut.Complete || len(cut.Affected.Wells) != 1 || cut.Affected.Counts.Wells != 3 {
		t.Errorf("cut: %+v, %v", cut.Affected.Counts, err)
	}
}
