package app

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"wellspring/api"
	"wellspring/etl"
	"wellspring/ingest/bridge"
	"wellspring/notify"
)

// webhooks are those that the options name, and who keeps OpenLineage.
func (o Options) webhooks() (webhooks []notify.Webhook, err error) {
	if o.Webhooks != "" {
		if webhooks, err = notify.Load(o.Webhooks, o.TrustNetwork, os.Getenv); err != nil {
			return nil, err
		}
	}
	if o.OpenLineageURL != "" {
		webhooks = append(webhooks, notify.Webhook{Name: notify.OpenLineage, URL: o.openLineage(), OpenLineage: true, Key: o.OpenLineageKey})
	}
	return webhooks, nil
}

// openLineage is the address that RunEvents go to: of a service, the one that OpenLineage defines.
func (o Options) openLineage() string {
	u, err := url.Parse(o.OpenLineageURL)
	if err != nil || strings.Trim(u.Path, "/") != "" {
		return o.OpenLineageURL
	}
	return u.JoinPath("/api/v1/lineage").String()
}

func (a *App) newNotifier(ctx context.Context, registry prometheus.Registerer) error {
	webhooks, err := a.options.webhooks()
	if err != nil || len(webhooks) == 0 {
		return err
	}
	a.notifier, err = notify.Open(ctx, notify.Options{
		Path: filepath.Join(a.options.DataDir, notify.FileName), Webhooks: webhooks, Version: Version().Version, Logger: a.logger,
	})
	if err != nil {
		return err
	}
	return registry.Register(notify.NewCollector(a.notifier))
}

// listener is who the pipeline tells; nil: nobody.
func (a *App) listener() etl.Listener {
	if a.notifier == nil {
		return nil
	}
	return a.notifier
}

// notify sends notices, and looks at the robots' alarms, until ctx ends.
func (a *App) notify(ctx context.Context, group *errgroup.Group) {
	if a.notifier == nil {
		return
	}
	group.Go(func() error { return a.notifier.Run(ctx) })
	if len(a.bridges) > 0 {
		group.Go(func() error { return a.watchAlarms(ctx) })
	}
}

// alarmPoll is how often the robots' alarms are looked at.
const alarmPoll = time.Second

func (a *App) watchAlarms(ctx context.Context) error {
	ticker := time.NewTicker(alarmPoll)
	defer ticker.Stop()
	for {
		for _, b := range a.bridges {
			s := b.State()
			if err := a.notifier.Alarms(ctx, s.Name, alarmsOf(s)); err != nil && ctx.Err() == nil {
				a.logger.WarnContext(ctx, "the alarms of a robot could not be noted; trying again", "robot", s.Name, "error", err)
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// alarmsOf are the alarms of a robot. One that goes on has one key: of losses the
// latest one, of anything else its kind.
func alarmsOf(s bridge.State) []notify.Alarm {
	var alarms []notify.Alarm
	for _, alarm := range s.Alarms {
		key, detail := alarm.Kind, alarm.Detail
		if n := len(s.Gaps); alarm.Kind == bridge.AlarmLost && n > 0 {
			latest := s.Gaps[n-1]
			key += "@" + latest.At.UTC().Format(time.RFC3339Nano)
			detail += "; the latest: " + latest.Kind + " " + latest.Run + ": " + latest.Detail
		}
		alarms = append(alarms, notify.Alarm{Key: key, Kind: alarm.Kind, Detail: detail})
	}
	return alarms
}

// webhooks are what the REST interface tells of the notifier; nil: there is none.
func (a *App) webhooks() api.Notices {
	if a.notifier == nil {
		return nil
	}
	return webhooks{a.notifier}
}

type webhooks struct{ notifier *notify.Notifier }

func (w webhooks) States(ctx context.Context) ([]api.WebhookState, error) {
	states, err := w.notifier.States(ctx)
	told := make([]api.WebhookState, 0, len(states))
	for _, s := range states {
		t := api.WebhookState{
			Name: s.Name, To: s.To, Signed: s.Signed, State: api.Taking, Error: s.Error, Waiting: s.Waiting, OldestAt: s.Oldest, LastSentAt: s.LastSent,
			Sent: s.Sent, Failed: s.Failed, GivenUp: s.GivenUp, Dropped: s.Dropped, Kinds: []string{}, Next: []api.WebhookNotice{}, Latest: []api.WebhookTry{},
		}
		for _, n := range s.Next {
			t.Next = append(t.Next, api.WebhookNotice{ID: n.ID, Kind: string(n.Kind), Subject: n.Subject, MadeAt: n.MadeAt, Tries: n.Tries, DueAt: n.DueAt})
		}
		for _, l := range s.Latest {
			t.Latest = append(t.Latest, api.WebhookTry{ID: l.ID, Kind: string(l.Kind), Subject: l.Subject, At: l.At, Seconds: l.Took.Seconds(), Problem: l.Problem})
		}
		for _, k := range s.Kinds {
			t.Kinds = append(t.Kinds, string(k))
		}
		switch {
		case s.Gone:
			t.State = api.Gone
		case s.Error != "":
			t.State = api.Failing
		}
		told = append(told, t)
	}
	return told, err
}

func (w webhooks) Test(ctx context.Context, name string) (api.WebhookTested, error) {
	t, err := w.notifier.Test(ctx, name)
	return api.WebhookTested{ID: t.ID, Seconds: t.Took.Seconds(), Status: t.Status, Problem: t.Problem}, err
}
