package web

import (
	"net/http"
	"time"
)

// robotsData is the page of the robots that this service reads by itself.
type robotsData struct {
	Robots []robot `json:"robots"`
}

// robot is what GET /v1/robots says of one.
type robot struct {
	Name          string     `json:"name"`
	Address       string     `json:"address"`
	Serial        string     `json:"serial"`
	RobotName     string     `json:"robot_name"`
	Software      string     `json:"software"`
	State         string     `json:"state"`
	Error         string     `json:"error"`
	Hints         string     `json:"hints"`
	LastContact   *time.Time `json:"last_contact"`
	CurrentRun    string     `json:"current_run"`
	Runs          []heldRun  `json:"runs"`
	Capacity      int        `json:"runs_capacity"`
	Unharvested   int        `json:"runs_unharvested"`
	UntilEviction int        `json:"runs_until_eviction"`
	Gaps          []gap      `json:"gaps"`
	Alarms        []gap      `json:"alarms"`
}

// heldRun is a run that a robot still holds.
type heldRun struct {
	Run         string     `json:"run"`
	Status      string     `json:"status"`
	CreatedAt   time.Time  `json:"created_at"`
	Commands    int        `json:"commands"`
	Total       int        `json:"commands_total"`
	HarvestedAt *time.Time `json:"harvested_at"`
	Lost        bool       `json:"lost"`
	Error       string     `json:"error"`
}

// gap is something that was lost, or that somebody has to look after.
type gap struct {
	At     *time.Time `json:"at"`
	Run    string     `json:"run"`
	Kind   string     `json:"kind"`
	Detail string     `json:"detail"`
}

func (p *Pages) robots(r *http.Request) (view, error) {
	var d robotsData
	_, err := p.rest(r, http.MethodGet, "/v1/robots", nil, "", &d)
	return view{template: "robots", Title: "Robots", Section: "robots", Wide: true, Live: len(d.Robots) > 0, Data: d}, err
}

// stateWords says what a state of the reading means.
func stateWords(state string) string {
	switch state {
	case "connecting":
		return "not reached yet"
	case "idle":
		return "read, no run under way"
	case "following":
		return "a run is under way"
	case "unreachable":
		return "it does not answer"
	case "refused":
		return "it answers with errors"
	case "stalled":
		return "our journal or disk takes nothing"
	}
	return state
}
