package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"wellspring/api"
	"wellspring/ingest/bridge"
	"wellspring/ingest/intake"
)

// robotsDir is where in the data folder the bridges keep their checkpoints.
const robotsDir = "robots"

// robots are the addresses of the options.
func (o Options) robots() ([]bridge.Address, error) {
	var addresses []bridge.Address
	named := map[string]string{}
	for _, text := range o.Robot {
		if strings.TrimSpace(text) == "" {
			continue
		}
		a, err := bridge.ParseAddress(text)
		if err != nil {
			return nil, err
		}
		if other, twice := named[a.Name]; twice {
			return nil, fmt.Errorf("%q and %q are both called %s: give one a name, as in left=ADDRESS", other, text, a.Name)
		}
		named[a.Name] = text
		addresses = append(addresses, a)
	}
	return addresses, nil
}

// FoundRobot is a robot that answered in the network.
type FoundRobot = bridge.Found

// DiscoverRobots asks the network for robots, for as long as wait.
func DiscoverRobots(ctx context.Context, wait time.Duration) ([]FoundRobot, error) {
	return bridge.Discover(ctx, wait, nil)
}

// newBridges makes one bridge a robot, and measures them.
func (a *App) newBridges(in *intake.Intake, registry prometheus.Registerer) error {
	addresses, err := a.options.robots()
	if err != nil || len(addresses) == 0 {
		return err
	}
	if a.bridges, err = openBridges(a.options, addresses, in, a.logger); err != nil {
		return err
	}
	return registry.Register(bridge.NewCollector(a.bridges...))
}

// readRobots lets the bridges work until ctx ends.
func (a *App) readRobots(ctx context.Context, group *errgroup.Group) {
	for _, b := range a.bridges {
		group.Go(func() error { return b.Run(ctx) })
	}
}

// robotStates are the bridges' states as the REST interface tells them.
func (a *App) robotStates() []api.RobotState { return statesOf(a.bridges) }

func statesOf(bridges []*bridge.Bridge) []api.RobotState {
	states := make([]api.RobotState, 0, len(bridges))
	for _, b := range bridges {
		states = append(states, robotState(b.State()))
	}
	return states
}

func robotState(s bridge.State) api.RobotState {
	told := api.RobotState{
		Name: s.Name, Address: s.Address, Serial: s.Serial, RobotName: s.Robot, Software: s.Software,
		State: api.RobotStateState(s.State), Error: s.Error, Hints: api.RobotStateHints(s.Hints), LastContact: s.Contact, CurrentRun: s.Current,
		Runs: []api.RobotRun{}, RunsCapacity: s.Capacity, RunsUnharvested: s.Unharvested, RunsUntilEviction: s.UntilDeleted,
		Gaps: []api.RobotGap{}, Alarms: []api.RobotAlarm{},
	}
	for _, r := range s.Runs {
		told.Runs = append(told.Runs, api.RobotRun{
			Run: r.ID, Status: r.Status, CreatedAt: r.CreatedAt, Commands: r.Commands, CommandsTotal: r.Total,
			HarvestedAt: r.Harvested, Lost: r.Lost, Plan: r.Plan, Error: r.Error,
		})
	}
	for _, g := range s.Gaps {
		told.Gaps = append(told.Gaps, api.RobotGap{At: g.At, Run: g.Run, Kind: api.RobotGapKind(g.Kind), Detail: g.Detail})
	}
	for _, alarm := range s.Alarms {
		told.Alarms = append(told.Alarms, api.RobotAlarm{Kind: api.RobotAlarmKind(alarm.Kind), Detail: alarm.Detail})
	}
	return told
}
