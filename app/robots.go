package app

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

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

// newBridges makes one bridge a robot, and measures them.
func (a *App) newBridges(in *intake.Intake, registry prometheus.Registerer) error {
	addresses, err := a.options.robots()
	if err != nil || len(addresses) == 0 {
		return err
	}
	for _, address := range addresses {
		b, err := bridge.New(bridge.Options{
			Robot: address, Dir: filepath.Join(a.options.DataDir, robotsDir), Rate: a.options.RobotRate, Poll: a.options.RobotPoll,
			Margin: a.options.RobotMargin, MaxBytes: a.options.MaxBytes, Logger: a.logger,
		}, in)
		if err != nil {
			return err
		}
		a.bridges = append(a.bridges, b)
	}
	return registry.Register(bridge.NewCollector(a.bridges...))
}

// readRobots lets the bridges work until ctx ends.
func (a *App) readRobots(ctx context.Context, group *errgroup.Group) {
	for _, b := range a.bridges {
		group.Go(func() error { return b.Run(ctx) })
	}
}
