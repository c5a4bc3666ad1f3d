package main

import (
	"errors"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"wellspring/app"
)

func newBridge() *cobra.Command {
	return &cobra.Command{
		Use:   "bridge",
		Short: "Read robots here, and send what they do to a service elsewhere, until Ctrl-C",
		Long: `Read robots into a journal here, and send that on to a central service: for a small
computer beside the robot. While the central service is away nothing is lost; what it has
said yes to is not sent again. The graph is there: questions go to it.

--to names the central service, --token (better: WELLSPRING_TOKEN) an API key of it with the
role operator, --server-ca the authority that signed its certificate, if it is the lab's own.
At --listen this process tells its state: /healthz, /metrics, /v1/robots.`,
		Example: `  WELLSPRING_TOKEN=… wellspring bridge --robot 169.254.20.7 --to https://wellspring.lab`,
		Args:    invalidArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			o, err := options(cmd)
			if err != nil {
				return err
			}
			out, err := app.NewOutpost(o, newLogger(cmd.ErrOrStderr(), o))
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, out.Close()) }()
			group, ctx := errgroup.WithContext(cmd.Context())
			group.Go(func() error { return out.Run(ctx) })
			group.Go(func() error {
				select {
				case <-out.Started():
				case <-ctx.Done():
					return nil
				}
				t := newTable(cmd.ErrOrStderr())
				t.line("wellspring %s", app.Version().Version)
				if out.Addr() != "" {
					t.row("state", "http://"+out.Addr())
				}
				t.row("to", o.To)
				t.row("data", o.DataDir)
				return t.flush()
			})
			return group.Wait()
		},
	}
}
