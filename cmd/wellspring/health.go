package main

import (
	"net/http"

	"github.com/spf13/cobra"

	"wellspring/lineage"
)

func newHealth() *cobra.Command {
	return &cobra.Command{
		Use:   "health",
		Short: "Ask whether the service is ready: for containers and scripts",
		Long: `Ask the service at --server, else the one that runs on the data folder, whether it takes
documents and can answer. Exit code 0 says yes.`,
		Example: "  wellspring health --server http://127.0.0.1:7117",
		Args:    invalidArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := options(cmd)
			if err != nil {
				return err
			}
			at, ok, err := running(cmd, o)
			if err != nil {
				return err
			}
			if !ok {
				return &lineage.Error{Op: "ask the service", Kind: lineage.ErrorUnavailable, ID: o.DataDir,
					Hint: "no service runs on this data folder: start one with wellspring serve, or name one with --server"}
			}
			s, err := newService(cmd, at)
			if err != nil {
				return err
			}
			r, err := s.GetReadinessWithResponse(cmd.Context())
			if err != nil {
				return s.unreachable(err)
			}
			if r.StatusCode() != http.StatusOK {
				return refused(r.HTTPResponse, r.Body)
			}
			return output(cmd, r.JSON200, func(t *table) { t.line("ready") })
		},
	}
}
