package app_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/api"
	"wellspring/app"
	"wellspring/ingest/bridge/robottest"
)

// reading is a service that reads a robot.
func reading(t *testing.T, robot *robottest.Robot) *app.App {
	return start(t, func(o *app.Options) {
		o.Robot = []string{"left=" + robot.URL + "?mqtt=off"}
		o.RobotRate, o.RobotPoll = 1000, 50*time.Millisecond
	})
}

// until waits for something to become so of the first robot.
func until(t *testing.T, a *app.App, what string, so func(api.RobotState) bool) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	var text string
	for range 1500 {
		_, text = request(t, a, http.MethodGet, "/v1/robots", nil)
		var answer api.Robots
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatal(err)
		}
		if len(answer.Robots) == 1 && so(answer.Robots[0]) {
			return
		}
		<-ticker.C
	}
	t.Fatalf("it did not come to it: %s: %s", what, text)
}

// graph is all that a run left in the graph, a line each, without the time at
// which it came.
func graph(t *testing.T, a *app.App, run string) []string {
	t.Helper()
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	status, text := request(t, a, http.MethodGet, "/v1/runs/"+run+"/graph?format=ndjson", nil)
	if status != http.StatusOK {
		t.Fatalf("graph: %d %s", status, text)
	}
	var lines []string
	scanner := bufio.NewScanner(strings.NewReader(text))
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var item map[string]any
		if err := json.Unmarshal(scanner.Bytes(), &item); err != nil {
			t.Fatal(err)
		}
		timeless(item)
		line, err := json.Marshal(item)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	slices.Sort(lines)
	return lines
}

// timeless takes created_at out, wherever it stands.
func timeless(object map[string]any) {
	delete(object, "created_at")
	for _, member := range object {
		if inner, ok := member.(map[string]any); ok {
			timeless(inner)
		}
	}
}

// document is the recorded run as a file, with what the bridge knows beside it.
func document(t *testing.T, name string) []byte {
	t.Helper()
	var file map[string]any
	if err := json.Unmarshal(robottest.File(t, name), &file); err != nil {
		t.Fatal(err)
	}
	file["robotSerial"], file["robotName"], file["robotSoftwareVersion"], file["protocolName"] = "OT2CEP20190604A02", "left-bench", "8.1.0", "Recorded"
	pipettes := file["data"].(map[string]any)["pipettes"].([]any)
	var serials []any
	for _, p := range pipettes {
		with := map[string]any{}
		for key, value := range p.(map[string]any) {
			with[key] = value
		}
		with["serialNumber"] = map[any]string{"left": "P3HMV2120210114A01", "right": "P3HSV2120210114A02"}[with["mount"]]
		serials = append(serials, with)
	}
	// The outer list comes first in the text, as in the bridge's record.
	list, err := json.Marshal(serials)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Appendf(nil, `{"pipettes":%s,%s`, list, rest[1:])
}

// A run that the bridge followed command by command ends in the graph that its
// file gives, to the last attribute; and it is in the graph while it goes on.
func TestRunOfARobotEqualsItsFile(t *testing.T) {
	for _, name := range []string{robottest.TwoTransfers, robottest.FailsMidway, robottest.StoppedByUser} {
		t.Run(name, func(t *testing.T) {
			robot := robottest.New(t)
			live, file := reading(t, robot), start(t, nil)
			run := robot.Create(name)
			until(t, live, "the run is seen", func(r api.RobotState) bool { return r.CurrentRun == run.ID })
			robot.Play()
			for range 3 {
				robot.Step(3)
				until(t, live, "its commands are read", func(r api.RobotState) bool { return r.Runs[0].Commands%3 == 0 && r.Runs[0].Commands > 0 })
			}
			during := graph(t, live, run.ID)
			robot.Finish()
			robot.Save()
			until(t, live, "it is harvested", func(r api.RobotState) bool { return r.RunsUnharvested == 0 && r.Runs[0].Plan != "" })
			for _, payload := range [][]byte{robottest.Analysis(t, name), document(t, name)} {
				if status, text := request(t, file, http.MethodPost, "/v1/runs?wait=30", payload); status != http.StatusOK {
					t.Fatalf("import: %d %s", status, text)
				}
			}
			want, got := graph(t, file, run.ID), graph(t, live, run.ID)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-file +live):\n%.4000s", diff)
			}
			if len(during) < 10 || len(during) >= len(got) {
				t.Errorf("while it went on it had %d nodes and edges, at the end %d", len(during), len(got))
			}
		})
	}
}

// The page of the robots says what is read of each, and what was lost.
func TestThePageOfTheRobots(t *testing.T) {
	robot := robottest.New(t)
	a := reading(t, robot)
	until(t, a, "contact", func(r api.RobotState) bool { return !r.LastContact.IsZero() })
	response, text := page(t, a, "/robots")
	for _, want := range []string{"left", "read, no run under way", "runs on the robot", "last contact"} {
		if response.StatusCode != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("%d, and it does not say %q: %s", response.StatusCode, want, text)
		}
	}
}

// What was lost reaches the answers about the run.
func TestALossReachesTheAnswers(t *testing.T) {
	robot := robottest.New(t)
	a := reading(t, robot)
	run := robot.Create(robottest.StoppedByUser)
	until(t, a, "the run is seen", func(r api.RobotState) bool { return r.CurrentRun == run.ID })
	robot.Play()
	robot.Step(12)
	until(t, a, "its commands are read", func(r api.RobotState) bool { return r.Runs[0].Commands == 12 })
	robot.Die()
	robot.Boot()
	robot.Ready()
	until(t, a, "the loss is known", func(r api.RobotState) bool { return len(r.Gaps) == 1 })
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, text := request(t, a, http.MethodGet, "/v1/runs/"+run.ID, nil)
	if !strings.Contains(text, `"record-gap"`) || !strings.Contains(text, `"commands-unfinished"`) {
		t.Errorf("the run does not say what it lacks: %s", text)
	}
	_, metrics := request(t, a, http.MethodGet, "/metrics", nil)
	for _, want := range []string{`wellspring_bridge_gaps{robot="left"} 1`, `wellspring_bridge_up{robot="left"} 1`, `wellspring_bridge_runs_unharvested{robot="left"} 0`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

func TestRobotsAreNamedApart(t *testing.T) {
	o := app.DefaultOptions()
	o.Robot = []string{"10.0.0.1", "10.0.0.1:31950"}
	if err := o.Validate(); err == nil || !strings.Contains(err.Error(), "robot:") || !strings.Contains(err.Error(), "10.0.0.1") {
		t.Errorf("got %v, want an error that names the robots", err)
	}
}
