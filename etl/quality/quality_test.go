package quality_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/etl/quality"
	"wellspring/liquid"
	"wellspring/ot2"
)

func at(second int) time.Time { return time.Date(2026, 3, 1, 9, 0, second, 0, time.UTC) }

func step(id string, second int) ot2.Command {
	return ot2.Command{
		ID: id, Type: "aspirate", Status: ot2.StatusSucceeded, HasResult: true,
		CreatedAt: at(second), StartedAt: at(second), CompletedAt: at(second + 1),
	}
}

// clean is a run that nothing can be said about.
func clean() (ot2.Run, liquid.Outcome) {
	water := liquid.StateKey{Labware: "plate", Well: "A1", Command: "a"}
	return ot2.Run{
			Status: "succeeded", CreatedAt: at(0), StartedAt: at(1), CompletedAt: at(30),
			Liquids:  []ot2.Liquid{{ID: "w", DisplayName: "water"}},
			Commands: []ot2.Command{step("a", 1), step("b", 2), step("c", 3)}, CommandsTotal: 3,
		}, liquid.Outcome{
			States:  []liquid.State{{Key: water, VolumeUl: 90, Liquid: "w"}},
			Wells:   map[string]map[string]liquid.WellOutcome{"plate": {"A1": {VolumeUl: 90, State: water}}},
			Labware: map[string]liquid.LabwareOutcome{"plate": {HasDefinition: true, Capacity: map[string]float64{"A1": 100}}},
			Balance: liquid.Balance{Loaded: 90, Wells: 90},
		}
}

func TestCheck(t *testing.T) {
	type finding struct{ Kind, Command, Well string }
	tests := []struct {
		name       string
		spoil      func(*ot2.Run, *liquid.Outcome)
		filled     map[liquid.StateKey]bool
		more       []liquid.Finding
		findings   []finding
		incomplete []string
	}{
		{name: "clean", spoil: func(*ot2.Run, *liquid.Outcome) {}},
		{
			name:       "mass balance",
			spoil:      func(_ *ot2.Run, o *liquid.Outcome) { o.Balance.Difference = -0.5 },
			findings:   []finding{{Kind: "mass-balance"}},
			incomplete: []string{"mass-balance"},
		},
		{
			name:     "overflow",
			spoil:    func(_ *ot2.Run, o *liquid.Outcome) { o.States[0].VolumeUl = 101 },
			findings: []finding{{"overflow", "a", "A1"}},
		},
		{
			name: "overflow that the fold told already",
			spoil: func(_ *ot2.Run, o *liquid.Outcome) {
				o.States[0].VolumeUl = 101
				o.Findings = []liquid.Finding{{Kind: "overflow", Command: "a", Labware: "plate", Well: "A1"}}
			},
			findings: []finding{{"overflow", "a", "A1"}},
		},
		{
			name: "undeclared liquid",
			spoil: func(_ *ot2.Run, o *liquid.Outcome) {
				o.States = append(o.States, liquid.State{Key: liquid.StateKey{Labware: "plate", Well: "B1"}, Sequence: -1, VolumeUl: 5})
			},
			findings:   []finding{{"undeclared-liquid", "", "B1"}},
			incomplete: []string{"undeclared-source"},
		},
		{
			name: "an undeclared liquid that a person declared",
			spoil: func(_ *ot2.Run, o *liquid.Outcome) {
				o.States = append(o.States, liquid.State{Key: liquid.StateKey{Labware: "plate", Well: "B1"}, Sequence: -1, VolumeUl: 5})
			},
			filled: map[liquid.StateKey]bool{{Labware: "plate", Well: "B1"}: true},
		},
		{
			name:     "what others found",
			spoil:    func(*ot2.Run, *liquid.Outcome) {},
			more:     []liquid.Finding{{Kind: "plate-claimed-twice"}},
			findings: []finding{{Kind: "plate-claimed-twice"}},
		},
		{
			name:     "a liquid that is never loaded",
			spoil:    func(r *ot2.Run, _ *liquid.Outcome) { r.Liquids = append(r.Liquids, ot2.Liquid{ID: "d"}) },
			findings: []finding{{Kind: "unused-liquid"}},
		},
		{
			name: "uncertain well",
			spoil: func(_ *ot2.Run, o *liquid.Outcome) {
				w := o.Wells["plate"]["A1"]
				w.UncertainSince = "b"
				o.Wells["plate"]["A1"] = w
			},
			findings:   []finding{{"uncertain", "b", "A1"}},
			incomplete: []string{"uncertain-state"},
		},
		{
			name: "unknown labware",
			spoil: func(_ *ot2.Run, o *liquid.Outcome) {
				o.Labware["rack"] = liquid.LabwareOutcome{LoadName: "mystery"}
				o.Labware["fixedTrash"] = liquid.LabwareOutcome{Trash: true}
			},
			findings:   []finding{{Kind: "unknown-labware"}},
			incomplete: []string{"no-definition"},
		},
		{
			name: "reasons of states",
			spoil: func(_ *ot2.Run, o *liquid.Outcome) {
				o.States[0].Incomplete = []liquid.Reason{liquid.ReasonShortLater, liquid.ReasonUnlikeTip}
			},
			incomplete: []string{"source-short-later", "unlike-liquids-in-tip"},
		},
		{
			name:       "no commands",
			spoil:      func(r *ot2.Run, _ *liquid.Outcome) { r.Commands, r.CommandsTotal = nil, 0 },
			findings:   []finding{{Kind: "no-commands"}},
			incomplete: []string{"no-commands"},
		},
		{
			name:       "commands missing",
			spoil:      func(r *ot2.Run, _ *liquid.Outcome) { r.CommandsTotal = 9 },
			findings:   []finding{{Kind: "commands-missing"}},
			incomplete: []string{"commands-missing"},
		},
		{
			name:       "a part that nobody can read any more",
			spoil:      func(r *ot2.Run, _ *liquid.Outcome) { r.Gaps = []ot2.Gap{{Kind: "deleted", Detail: "by the robot"}} },
			findings:   []finding{{Kind: "record-gap"}},
			incomplete: []string{"record-gap"},
		},
		{
			name:       "nobody counted",
			spoil:      func(r *ot2.Run, _ *liquid.Outcome) { r.CommandsTotal = -1 },
			incomplete: []string{"commands-uncounted"},
		},
		{
			name: "failed command, and one that never started",
			spoil: func(r *ot2.Run, _ *liquid.Outcome) {
				r.Commands[1].Status, r.Commands[1].Params.WellName = ot2.StatusFailed, "A1"
				r.Commands[2].Status, r.Commands[2].StartedAt = ot2.StatusFailed, time.Time{}
			},
			findings: []finding{{"command-failed", "b", "A1"}},
		},
		{
			name: "cut off by the end of the run",
			spoil: func(r *ot2.Run, _ *liquid.Outcome) {
				r.Commands[2].Status, r.Commands[2].CompletedAt = ot2.StatusRunning, time.Time{}
			},
			findings:   []finding{{"commands-unfinished", "c", ""}},
			incomplete: []string{"commands-unfinished"},
		},
		{
			name:       "running command of a running run",
			spoil:      func(r *ot2.Run, _ *liquid.Outcome) { r.Status, r.Commands[2].Status = "running", ot2.StatusRunning },
			incomplete: []string{"run-not-ended"},
		},
		{
			name:       "unknown command types",
			spoil:      func(_ *ot2.Run, o *liquid.Outcome) { o.Unknown = map[string]int{"levitate": 2} },
			findings:   []finding{{Kind: "unknown-command"}},
			incomplete: []string{"unknown-command"},
		},
		{
			name: "no results",
			spoil: func(r *ot2.Run, _ *liquid.Outcome) {
				for i := range r.Commands {
					r.Commands[i].HasResult = false
				}
			},
			findings: []finding{{Kind: "no-results"}},
		},
		{
			name:     "error of the run",
			spoil:    func(r *ot2.Run, _ *liquid.Outcome) { r.Errors = []ot2.Error{{Type: "PythonException", Detail: "boom"}} },
			findings: []finding{{Kind: "run-error"}},
		},
		{
			name:       "started before it was created",
			spoil:      func(r *ot2.Run, _ *liquid.Outcome) { r.Commands[0].CreatedAt = at(10) },
			findings:   []finding{{"clock-backwards", "a", ""}},
			incomplete: []string{"clock-backwards"},
		},
		{
			name:       "two commands at once",
			spoil:      func(r *ot2.Run, _ *liquid.Outcome) { r.Commands[1].CompletedAt = at(20) },
			findings:   []finding{{"clock-backwards", "c", ""}},
			incomplete: []string{"clock-backwards"},
		},
		{
			name:       "a run that ended before it began",
			spoil:      func(r *ot2.Run, _ *liquid.Outcome) { r.CompletedAt = at(-30) },
			findings:   []finding{{Kind: "clock-backwards"}},
			incomplete: []string{"clock-backwards"},
		},
		{
			name: "a day between two commands",
			spoil: func(r *ot2.Run, _ *liquid.Outcome) {
				c := &r.Commands[2]
				c.CreatedAt, c.StartedAt, c.CompletedAt = at(86400), at(86400), at(86401)
			},
			findings: []finding{{"clock-gap", "c", ""}},
		},
		{
			name: "an analysis has no clock, and says when it failed",
			spoil: func(r *ot2.Run, _ *liquid.Outcome) {
				r.Plan, r.Status, r.Result = true, "completed", "not-ok"
				r.Commands[0].CreatedAt = at(10)
			},
			incomplete: []string{"plan-failed"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			run, outcome := clean()
			tt.spoil(&run, &outcome)
			report := quality.Check(run, outcome, quality.Options{}, tt.filled, tt.more...)
			var got []finding
			for _, f := range report.Findings {
				got = append(got, finding{f.Kind, f.Command, f.Well})
			}
			if diff := cmp.Diff(tt.findings, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.incomplete, report.Incomplete); diff != "" {
				t.Errorf("incomplete (-want +got):\n%s", diff)
			}
		})
	}
}
