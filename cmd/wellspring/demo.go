package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"

	"wellspring/app"
	"wellspring/examples"
	"wellspring/lineage"
)

// The runs of the story and what is asked of them.
const (
	demoAssay  = "5a6cd99d-ef02-48c9-bbdc-2d93e3a166ab"
	demoWell   = demoAssay + "/AP-0001/A2"
	demoLot    = "lot:PBS buffer"
	demoLength = 8 * time.Second // of the run that arrives live
)

func newDemo() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Play a story with recorded runs, show the answers, serve until Ctrl-C",
		Long: `Play a story in a folder of its own that is gone afterwards: a run log is imported, another
run arrives live over MQTT, and two questions are answered. Then the service stays until
Ctrl-C, so that you can ask it more. The runs are recordings with simulated hardware.`,
		Example: `  wellspring demo
  wellspring demo --once`,
		Args: invalidArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			once, err := cmd.Flags().GetBool("once")
			if err != nil {
				return err
			}
			o, err := options(cmd)
			if err != nil {
				return err
			}
			dir, err := os.MkdirTemp("", "wellspring-demo-")
			if err != nil {
				return &lineage.Error{Op: "demo", Kind: lineage.ErrorUnavailable, Err: err}
			}
			defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
			return serve(cmd, demoOptions(cmd, o, dir), func(a *app.App) error {
				s, err := newService("http://" + a.Addr())
				if err != nil {
					return err
				}
				d := demo{cmd: cmd, app: a, service: s, table: newTable(cmd.OutOrStdout())}
				if err := d.play(); err != nil || once {
					return done(err)
				}
				d.table.line("\nThe service stays until Ctrl-C. Ask it in another terminal:\n")
				d.table.line("  wellspring --server http://%s ancestry '%s'", a.Addr(), demoWell)
				d.table.line("  curl http://%s/v1/runs", a.Addr())
				d.table.line("\nhttp://%s", a.Addr())
				return nil
			})
		},
	}
	cmd.Flags().Bool("once", false, "end after the story")
	return cmd
}

// demoOptions keep the demo to itself: a folder and a broker of its own, and
// the usual port where nobody has it.
func demoOptions(cmd *cobra.Command, o app.Options, dir string) app.Options {
	o.DataDir, o.BrokerListen, o.MQTTURL, o.Store = dir, "127.0.0.1:0", "", "sqlite"
	if l, err := net.Listen("tcp", o.Listen); err != nil {
		o.Listen = "127.0.0.1:0"
	} else {
		_ = l.Close()
	}
	if !cmd.Flags().Changed("log-level") {
		o.LogLevel = "warn" // the story is told, not logged
	}
	return o
}

// demo is the story under way.
type demo struct {
	cmd     *cobra.Command
	app     *app.App
	service *service
	table   *table
}

func (d demo) play() error {
	for _, chapter := range []func() error{d.importStock, d.liveAssay, d.ancestry, d.impact} {
		if err := chapter(); err != nil {
			return err
		}
	}
	return nil
}

func (d demo) importStock() error {
	d.table.line("1. A robot diluted six lysates and a standard in PBS. Its run log is imported as a file.\n")
	payload, err := fs.ReadFile(examples.Files, examples.StockDilution)
	if err != nil {
		return err
	}
	i, err := d.service.importOne(d.cmd.Context(), app.Document{Name: "examples/" + examples.StockDilution, Payload: payload})
	if err != nil {
		return err
	}
	i.print(d.cmd)
	if i.Outcome != outcomeProcessed {
		return lineage.Invalid("demo", i.Name, "it was "+i.Outcome+": "+i.Error)
	}
	return nil
}

func (d demo) liveAssay() error {
	d.table.line("\n2. A second run makes an assay plate out of the dilution plate. It arrives live, over MQTT.\n")
	payload, err := fs.ReadFile(examples.Files, examples.AssayPlate)
	if err != nil {
		return err
	}
	ctx := d.cmd.Context()
	err = d.app.Play(ctx, payload, demoLength, func(sent, of int) {
		_, _ = fmt.Fprintf(d.cmd.ErrOrStderr(), "\r%3d of %d commands", sent, of)
	})
	_, _ = fmt.Fprintln(d.cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	began := time.Now()
	if err := d.settled(demoAssay); err != nil {
		return err
	}
	d.table.line("in the graph, and verified, %s after its last command", time.Since(began).Round(time.Millisecond))
	return nil
}

// settled waits until a run has ended and all that arrived of it is in the graph.
func (d demo) settled(run string) error {
	ticker := time.NewTicker(25 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	ctx := d.cmd.Context()
	for {
		processing, err := d.service.GetProcessingWithResponse(ctx, string(lineage.RunOwner(run)))
		if err != nil {
			return d.service.unreachable(err)
		}
		r, err := d.service.GetRunWithResponse(ctx, run)
		if err != nil {
			return d.service.unreachable(err)
		}
		if p := processing.JSON200; p != nil && p.Status == "done" && r.JSON200 != nil && attribute(r.JSON200.Run, "completedAt") != "" {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.C:
			return &lineage.Error{Op: "demo", Kind: lineage.ErrorUnavailable, ID: run, Hint: "it did not get into the graph within a minute: see the log"}
		}
	}
}

func (d demo) ancestry() error {
	d.table.line("\n3. Where did the content of well A2 of the assay plate come from?\n\n   wellspring ancestry '%s'\n", demoWell)
	answer, err := d.service.ancestry(d.cmd, demoWell, trace{})
	if err != nil {
		return err
	}
	tableOfAncestry(d.table, answer)
	return d.table.w.Flush()
}

func (d demo) impact() error {
	d.table.line("\n4. The PBS was bad: what does it touch?\n\n   wellspring impact '%s'\n", demoLot)
	answer, err := d.service.impact(d.cmd, demoLot, trace{minFraction: 0.5, kinds: []lineage.Kind{lineage.KindWellState}})
	if err != nil {
		return err
	}
	d.table.line("%s Those with half of their content or more from it, the first of them:\n", touched(answer.Items))
	const shown = 12
	rows := answer.Items[:min(shown, len(answer.Items))]
	tableOfItems(d.table, rows)
	if more := len(answer.Items) - len(rows); more > 0 {
		d.table.line("… and %d more", more)
	}
	return d.table.w.Flush()
}

// done ends the service: with an error, or because all was told.
func done(err error) error {
	if err != nil {
		return err
	}
	return errDone
}
