package query_test

import (
	"testing"

	"wellspring/etl/quality"
	"wellspring/liquid"
	"wellspring/query"
)

func TestEveryReasonHasItsSentence(t *testing.T) {
	reasons := []string{
		query.ReasonTruncated, query.ReasonUndeclared, query.ReasonRunNotEnded, query.ReasonRunUnknown, query.ReasonUnknownFraction, query.ReasonCycle,
		quality.ReasonNotEnded, quality.ReasonUncounted, quality.ReasonPlanFailed,
		quality.MassBalance, quality.CommandsMissing, quality.NoCommands, quality.UnknownCommand, quality.Unfinished, quality.ClockBackwards,
	}
	for _, reason := range []liquid.Reason{liquid.ReasonUndeclared, liquid.ReasonShortLater, liquid.ReasonUncertain, liquid.ReasonUnlikeTip,
		liquid.ReasonNoGeometry, liquid.ReasonNoHeight} {
		reasons = append(reasons, string(reason))
	}
	for _, reason := range reasons {
		if query.Explain(reason) == reason {
			t.Errorf("%s is not explained", reason)
		}
	}
	if got := query.Explain("new-reason"); got != "new-reason" {
		t.Errorf("an unknown reason became %q", got)
	}
}
