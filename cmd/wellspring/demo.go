package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"wellspring/api/client"
	"wellspring/app"
	"wellspring/examples"
	"wellspring/lineage"
)

// What is asked in the story.
const (
	demoRun    = "5a6cd99d-ef02-48c9-bbdc-2d93e3a166ab" // the one that arrives live
	demoWell   = demoRun + "/AP-0001/A2"
	demoLot    = "lot:PBS-2610-A"
	demoLength = 8 * time.Second // of the live run
)

func newDemo() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Play a story with recorded runs, show the answers, serve until Ctrl-C",
		Long: `Play a story in a folder of its own that is gone afterwards. A run makes a dilution plate; a
second one, which arrives live over MQTT, makes an assay plate from it; people say which lots
and samples these were; the plate is read. Where did a well come from? A lot was bad: what
does it touch? It was another lot: what now? Then the service stays until Ctrl-C, so that you
can ask it more. The runs are recordings with simulated hardware, the readings are made up.`,
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
				s, err := newService(cmd, app.Service{URL: a.URL()})
				if err != nil {
					return err
				}
				d := demo{cmd: cmd, app: a, service: s, table: newTable(cmd.OutOrStdout())}
				if err := d.play(); err != nil || once {
					return done(err)
				}
				d.table.line("\nThe service stays until Ctrl-C. Ask it in another terminal:\n")
				d.table.line("  wellspring --server http://%s ancestry '%s'", a.Addr(), demoWell)
				d.table.line("  wellspring --server http://%s diff --plan %s", a.Addr(), demoRun)
				d.table.line("\nOr look at it in a browser:\n\nhttp://%s/well?of=plate:AP-0001/A2", a.Addr())
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
	for _, chapter := range []func() error{d.stock, d.assay, d.declarations, d.ancestry, d.impact, d.correction} {
		if err := chapter(); err != nil {
			return err
		}
	}
	return nil
}

func (d demo) stock() error {
	d.table.line("1. A robot diluted a standard and six lysates in PBS, on a plate labelled [DP-0001]. Its run log is imported.\n")
	return d.send(examples.StockDilution)
}

// send imports files of the examples, one after the other.
func (d demo) send(names ...string) error {
	for _, name := range names {
		payload, err := fs.ReadFile(examples.Files, name)
		if err != nil {
			return &lineage.Error{Op: "demo", Kind: lineage.ErrorInternal, ID: name, Err: err}
		}
		i, err := d.service.importOne(d.cmd.Context(), app.Document{Name: "examples/" + name, Payload: payload})
		if err != nil {
			return err
		}
		_, _ = io.WriteString(d.cmd.OutOrStdout(), i.text())
		if i.Outcome != outcomeProcessed {
			return lineage.Invalid("demo", i.Name, "it was "+i.Outcome+": "+i.Error)
		}
	}
	return d.app.Settle(d.cmd.Context())
}

func (d demo) assay() error {
	d.table.line("\n2. In the afternoon a second run sets up an assay plate from that plate. It arrives live, over MQTT.\n")
	payload, err := fs.ReadFile(examples.Files, examples.AssayPlate)
	if err != nil {
		return &lineage.Error{Op: "demo", Kind: lineage.ErrorInternal, ID: examples.AssayPlate, Err: err}
	}
	err = d.app.Play(d.cmd.Context(), payload, demoLength, d.progress)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := d.settled(demoRun); err != nil {
		return err
	}
	d.table.line("177 commands of 18 minutes in %s; in the graph and verified %s after the last.", demoLength, time.Since(began).Round(time.Millisecond))
	return nil
}

// progress shows a person at a terminal how far the live run is.
func (d demo) progress(sent, of int) {
	out, ok := d.cmd.ErrOrStderr().(*os.File)
	if !ok {
		return
	}
	if info, err := out.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return
	}
	_, _ = fmt.Fprintf(out, "\r%3d of %d commands", sent, of)
	if sent == of {
		_, _ = fmt.Fprint(out, "\r")
	}
}

// settled waits until a run has ended and all that arrived of it is in the graph.
func (d demo) settled(run string) error {
	ticker := time.NewTicker(25 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	ctx := d.cmd.Context()
	for {
		r, err := d.service.GetRunWithResponse(ctx, run, nil)
		if err != nil {
			return d.service.unreachable(err)
		}
		if r.JSON200 != nil && attribute(r.JSON200.Run, "status") == "succeeded" {
			return d.app.Settle(ctx)
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

func (d demo) declarations() error {
	d.table.line("\n3. The second run's plan, which lots and samples these were, which experiment it all is, and what a plate reader read come in as files.\n")
	return d.send("analyses/assay_plate.json", "manifests/lots.csv", "manifests/samples.csv", "manifests/experiments.csv", "plate-reader/AP-0001.csv")
}

func (d demo) ancestry() error {
	d.table.line("\n4. Where did the content of well A2 of the assay plate come from?\n\n   wellspring ancestry %s\n", demoWell)
	answer, err := d.service.ancestry(d.cmd, demoWell, trace{})
	if err != nil {
		return err
	}
	tableOfAncestry(d.table, answer)
	return nil
}

func (d demo) impact() error {
	d.table.line("\n5. The lot PBS-2610-A was bad: what does it touch?\n\n   wellspring impact %s\n", demoLot)
	return d.touches()
}

// touches sums an impact up, with its first rows.
func (d demo) touches() error {
	answer, err := d.service.impact(d.cmd, demoLot, trace{})
	if err != nil {
		return err
	}
	const shown = 8
	d.table.line("%s\n", touched(answer.Items))
	measurements := slices.DeleteFunc(slices.Clone(answer.Items), func(i client.Item) bool { return i.Kind != lineage.KindMeasurement })
	slices.SortStableFunc(measurements, asOnPlates)
	tableOfItems(d.table, measurements[:min(shown, len(measurements))])
	if more := len(answer.Items) - min(shown, len(measurements)); more > 0 {
		d.table.line("… and %d nodes more", more)
	}
	verdict(d.table, answer)
	return nil
}

func (d demo) correction() error {
	before := time.Now()
	d.table.line("\n6. That morning the trough had been filled from another lot: the manifest is corrected, and the answer changes.\n")
	if err := d.send("manifests/corrections.csv"); err != nil {
		return err
	}
	d.table.line("\n   wellspring impact %s\n", demoLot)
	if err := d.touches(); err != nil {
		return err
	}
	old, err := d.service.impact(d.cmd, demoLot, trace{asOf: before})
	if err != nil {
		return err
	}
	d.table.line("\n   wellspring impact %s --as-of %s\n", demoLot, before.UTC().Format(time.RFC3339))
	d.table.line("What was known before the correction is still there: %s", touched(old.Items))
	return nil
}

// done ends the service: with an error, or because all was told.
func done(err error) error {
	if err != nil {
		return err
	}
	return errDone
}
