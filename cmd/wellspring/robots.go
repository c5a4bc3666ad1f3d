package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"wellspring/api/client"
	"wellspring/app"
)

func newRobots() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "robots",
		Short: "Say how the reading of the robots stands, and what was lost",
		Long: `Say how the reading of the robots stands: of each, the runs that it holds, how many are not
read in full, how many more can be started before it deletes one of these, what was lost, and
the alarms. The service reads them (wellspring serve --robot ADDRESS).

With --discover, ask the network for robots instead: by multicast DNS, so from a machine in
the same network. Each that answers is asked who it is; it is not read.`,
		Example: `  wellspring robots
  wellspring robots --discover
  wellspring robots --output json`,
		Args: invalidArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if wanted, err := cmd.Flags().GetBool("discover"); err != nil || wanted {
				return errors.Join(err, discover(cmd))
			}
			return withService(cmd, func(s *service) error {
				r, err := s.ListRobotsWithResponse(cmd.Context())
				if err != nil {
					return s.unreachable(err)
				}
				if r.JSON200 == nil {
					return refused(r.HTTPResponse, r.Body)
				}
				return output(cmd, r.JSON200, func(t *table) { tableOfRobots(t, r.JSON200.Robots) })
			})
		},
	}
	cmd.Flags().Bool("discover", false, "ask the network for robots")
	return cmd
}

// discoverTime is how long answers are waited for.
const discoverTime = 3 * time.Second

func discover(cmd *cobra.Command) error {
	found, err := app.DiscoverRobots(cmd.Context(), discoverTime)
	if err != nil {
		return err
	}
	return output(cmd, found, func(t *table) {
		if len(found) == 0 {
			t.line("No robot answered. Is this machine in the robots' network? Multicast may be kept out: give an address by hand.")
			return
		}
		t.row("ADDRESS", "NAME", "SERIAL", "SOFTWARE")
		for _, r := range found {
			t.row(r.Address, r.Name, r.Serial, r.Software)
		}
	})
}

func tableOfRobots(t *table, robots []client.RobotState) {
	if len(robots) == 0 {
		t.line("No robot is read: wellspring serve --robot ADDRESS")
		return
	}
	t.row("ROBOT", "SERIAL", "STATE", "HINTS", "CONTACT", "RUNS", "NOT READ", "UNTIL DELETED", "CURRENT")
	for _, r := range robots {
		contact := "never"
		if at := deref(r.LastContact); !at.IsZero() {
			contact = at.Local().Format(time.RFC3339)
		}
		until := "-"
		if r.RunsUnharvested > 0 {
			until = strconv.Itoa(r.RunsUntilEviction)
		}
		t.row(r.Name, deref(r.Serial), string(r.State), string(r.Hints), contact, fmt.Sprintf("%d of %d", len(r.Runs), r.RunsCapacity),
			strconv.Itoa(r.RunsUnharvested), until, deref(r.CurrentRun))
	}
	for _, r := range robots {
		if why := deref(r.Error); why != "" {
			t.line("%s: %s", r.Name, why)
		}
		for _, a := range r.Alarms {
			t.line("%s: ALARM %s: %s", r.Name, a.Kind, a.Detail)
		}
		for _, g := range r.Gaps {
			t.line("%s: %s %s %s: %s", r.Name, g.At.Format(time.RFC3339), g.Kind, deref(g.Run), g.Detail)
		}
	}
}
