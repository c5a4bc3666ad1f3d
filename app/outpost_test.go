package app_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/app"
	"wellspring/ingest/bridge/robottest"
)

// outpost runs a bridge for itself on a folder until stop.
func outpost(t *testing.T, dir, to string, robot *robottest.Robot) (stop func()) {
	t.Helper()
	o := app.DefaultOptions()
	o.DataDir, o.Listen, o.To = dir, "127.0.0.1:0", to
	o.Robot, o.RobotRate, o.RobotPoll = []string{"left=" + robot.URL + "?mqtt=off"}, 1000, 50*time.Millisecond
	out, err := app.NewOutpost(o, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- out.Run(ctx) }()
	<-out.Started()
	for _, path := range []string{"/healthz", "/metrics", "/v1/robots"} {
		response, err := http.Get("http://" + out.Addr() + path)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v %v", path, response, err)
		}
		_ = response.Body.Close()
	}
	return func() {
		cancel()
		if err := errors.Join(<-ended, out.Close()); err != nil {
			t.Error(err)
		}
	}
}

// A bridge of its own, stopped in mid-run and started again, fills the central
// service with the graph that one process gives.
func TestOutpostFillsTheCentralService(t *testing.T) {
	robot, dir := robottest.New(t), filepath.Join(t.TempDir(), "outpost")
	central, file := start(t, nil), start(t, nil)
	name := robottest.StoppedByUser
	run := robot.Create(name)
	stop := outpost(t, dir, central.URL(), robot)
	robot.Play()
	robot.Step(9)
	arrived(t, central, run.ID, `"status":"running"`)
	stop()
	stop = outpost(t, dir, central.URL(), robot)
	defer func() { stop() }()
	robot.Step(4)
	robot.Finish()
	robot.Save()
	arrived(t, central, run.ID, `"status":"stopped"`)
	for _, payload := range [][]byte{robottest.Analysis(t, name), document(t, name)} {
		if status, text := request(t, file, http.MethodPost, "/v1/runs?wait=30", payload); status != http.StatusOK {
			t.Fatalf("import: %d %s", status, text)
		}
	}
	want := graph(t, file, run.ID)
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	var diff string
	for range 400 { // the plan may come after the record
		if diff = cmp.Diff(want, graph(t, central, run.ID)); diff == "" {
			return
		}
		<-ticker.C
	}
	t.Errorf("(-file +central):\n%.3000s", diff)
}

// arrived waits until a service says something of a run.
func arrived(t *testing.T, a *app.App, run, says string) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	text := ""
	for range 1500 {
		if _, text = request(t, a, http.MethodGet, "/v1/runs/"+run, nil); strings.Contains(text, says) {
			return
		}
		<-ticker.C
	}
	t.Fatalf("%s did not arrive: %s", says, text)
}

func TestOutpostRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*app.Options)
		says   string
	}{
		"no robot":               {func(o *app.Options) { o.To = "https://central" }, "robot"},
		"nowhere to send to":     {func(o *app.Options) { o.Robot = []string{"10.0.0.1"} }, "to"},
		"plain HTTP beyond here": {func(o *app.Options) { o.Robot, o.To = []string{"10.0.0.1"}, "http://central.lab" }, "https"},
		"open to the network": {func(o *app.Options) {
			o.Robot, o.To, o.Listen = []string{"10.0.0.1"}, "https://central", "0.0.0.0:7117"
		}, "loopback"},
	} {
		o := app.DefaultOptions()
		o.DataDir = t.TempDir()
		c.change(&o)
		if _, err := app.NewOutpost(o, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
