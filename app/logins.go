package app

import (
	"context"
	"net/http"

	"wellspring/access"
	"wellspring/evidence"
)

// noteLogin enters who logs in and out, and who is refused, in the evidence log.
// A login whose entry can't be written still counts: the log of the service has
// it, and every act that follows is refused until the entry of that act can be.
func (a *App) noteLogin(ctx context.Context, e access.Event) {
	act := evidence.Act{Action: e.What, Outcome: evidence.OutcomeDone, Details: evidence.Details{
		Who: evidence.Actor{Name: e.Who.Name, ID: e.Who.ID, Means: string(e.Who.Means), Authenticated: e.Who.Name != ""}, Remote: e.Address, Status: http.StatusOK,
	}}
	switch {
	case e.Who.Name == "":
		act.Details.Who.Name, act.Outcome, act.Details.Status = "unknown", evidence.OutcomeRefused, http.StatusUnauthorized
	case e.Reason != "":
		act.Outcome, act.Details.Status = evidence.OutcomeRefused, http.StatusForbidden
	}
	act.Details.Reason = e.Reason
	if _, err := a.evidence.Append(context.WithoutCancel(ctx), act); err != nil {
		a.logger.ErrorContext(ctx, "a login could not be entered in the audit log", "error", err)
	}
}
