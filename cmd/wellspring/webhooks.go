package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"wellspring/api/client"
	"wellspring/lineage"
)

func newWebhooks() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "webhooks",
		Short: "Say who is told what happened, and try it",
		Example: `  wellspring webhooks list
  wellspring webhooks test lims`,
		Long: `Webhooks are told of runs that ended, findings, dead letters, results that changed, and robots that
need somebody (docs/webhooks.md). The service's setting webhooks names the file that lists them.`,
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newWebhooksList(), newWebhooksTest(), newWebhooksSecret())
	return cmd
}

func newWebhooksList() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the webhooks and how the sending stands",
		Example: "  wellspring webhooks list",
		Args:    invalidArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withService(cmd, func(s *service) error {
				r, err := s.ListWebhooksWithResponse(cmd.Context())
				if err != nil {
					return s.unreachable(err)
				}
				if r.JSON200 == nil {
					return refused(r.HTTPResponse, r.Body)
				}
				return output(cmd, r.JSON200, func(t *table) { tableOfWebhooks(t, r.JSON200.Webhooks) })
			})
		},
	}
}

func tableOfWebhooks(t *table, webhooks []client.WebhookState) {
	if len(webhooks) == 0 {
		t.line("Nobody is told: name a file with the setting webhooks (docs/webhooks.md)")
		return
	}
	t.row("WEBHOOK", "TO", "STATE", "WAITING", "SENT", "FAILED TRIES", "GIVEN UP", "DROPPED", "KINDS")
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	for _, w := range webhooks {
		t.row(w.Name, w.To, string(w.State), number(w.Waiting), number(w.Sent), number(w.Failed), number(w.GivenUp), number(w.Dropped), strings.Join(w.Kinds, " "))
	}
	for _, w := range webhooks {
		if why := deref(w.Error); why != "" {
			t.line("%s: %s", w.Name, why)
		}
	}
}

func newWebhooksTest() *cobra.Command {
	return &cobra.Command{
		Use:     "test NAME",
		Short:   "Send one webhook a test event, now and once",
		Example: "  wellspring webhooks test lims",
		Args:    invalidArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withService(cmd, func(s *service) error {
				r, err := s.TestWebhookWithResponse(cmd.Context(), args[0])
				if err != nil {
					return s.unreachable(err)
				}
				if r.JSON200 == nil {
					return refused(r.HTTPResponse, r.Body)
				}
				if why := deref(r.JSON200.Problem); why != "" {
					return &lineage.Error{Op: "test webhook", Kind: lineage.ErrorUnavailable, ID: args[0], Hint: "look at what receives there", Err: errors.New(why)}
				}
				return output(cmd, r.JSON200, func(t *table) {
					t.line("%s took event %s in %.3f s", args[0], r.JSON200.ID, r.JSON200.Seconds)
				})
			})
		},
	}
}

func newWebhooksSecret() *cobra.Command {
	return &cobra.Command{
		Use:   "secret",
		Short: "Make a secret that a webhook and its receiver share",
		Long: `Make a secret that a webhook and its receiver share. Keep it in a file that the service alone can
read (secret-file), or in its environment (secret-env). Two secrets in one file, a line each,
both sign: so a new one can take the place of an old one without a gap.`,
		Example: "  wellspring webhooks secret > /etc/wellspring/lims.secret",
		Args:    invalidArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			key := make([]byte, 32)
			_, _ = rand.Read(key) // it never fails
			secret := struct {
				Secret string `json:"secret"`
			}{"whsec_" + base64.StdEncoding.EncodeToString(key)}
			return output(cmd, secret, func(t *table) { t.line("%s", secret.Secret) })
		},
	}
}
