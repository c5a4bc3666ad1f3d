package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wellspring/api/client"
	"wellspring/lineage"
)

func newAudit() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Who did what, when and why?",
		Long: `Print the audit log: every change, correction, export, signature and change of settings, in
the order in which they were entered. Nothing is ever taken out of it; wellspring verify --log
checks that.`,
		Example: `  wellspring audit
  wellspring audit --who ada --action declare --since 2026-03-01T00:00:00Z
  wellspring audit --subject run:run-7 --output json`,
		Args: invalidArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			params, err := readAudit(cmd)
			if err != nil {
				return err
			}
			return withService(cmd, func(s *service) error {
				r, err := s.ListAuditWithResponse(cmd.Context(), params)
				if err != nil {
					return s.unreachable(err)
				}
				if r.JSON200 == nil {
					return refused(r.HTTPResponse, r.Body)
				}
				return output(cmd, r.JSON200, func(t *table) { tableOfActs(t, *r.JSON200) })
			})
		},
	}
	f := cmd.Flags()
	f.String("who", "", "only what this person did")
	f.String("action", "", "only this, such as declare, importRun, export, sign, configure")
	f.String("subject", "", "only what was about this, such as run:RUN")
	f.String("since", "", "only what was entered then or later, RFC 3339")
	f.String("until", "", "only what was entered before, RFC 3339")
	f.Int("limit", 100, "list at most this many, up to 1000")
	f.String("cursor", "", "go on after a page, with its next")
	return cmd
}

func readAudit(cmd *cobra.Command) (*client.ListAuditParams, error) {
	f := cmd.Flags()
	text := func(name string) *string { v, _ := f.GetString(name); return set(v) }
	limit, err := f.GetInt("limit")
	if err != nil {
		return nil, err
	}
	params := &client.ListAuditParams{Who: text("who"), Action: text("action"), Subject: text("subject"), Cursor: text("cursor"), Limit: set(limit)}
	if params.Since, err = momentOf(cmd, "since"); err != nil {
		return nil, err
	}
	params.Until, err = momentOf(cmd, "until")
	return params, err
}

// momentOf reads a flag that holds a time; nil where it is not set.
func momentOf(cmd *cobra.Command, name string) (*time.Time, error) {
	text, err := cmd.Flags().GetString(name)
	if err != nil || text == "" {
		return nil, err
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return nil, lineage.Invalid("read flags", "--"+name+" "+text, "use RFC 3339, such as 2026-03-01T12:00:00Z")
	}
	return &at, nil
}

func tableOfActs(t *table, acts client.Acts) {
	if len(acts.Acts) == 0 {
		t.line("Nothing.")
		return
	}
	t.row("ENTRY", "LOGGED", "WHO", "ACTION", "OUTCOME", "ABOUT", "WHY")
	for _, a := range acts.Acts {
		who := a.Who
		if !a.Authenticated {
			who += " (not authenticated)"
		}
		t.row(strconv.FormatInt(a.Index, 10), a.LoggedAt.UTC().Format(time.RFC3339), oneLine(who), a.Action, string(a.Outcome),
			oneLine(deref(a.Subject)), oneLine(deref(a.Reason)))
	}
	if next := deref(acts.Next); next != "" {
		t.line("There are more: --cursor %s", next)
	}
}

// oneLine keeps text of others from breaking a table or steering a terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

func newCheckpoint() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "checkpoint",
		Short: "Print the signed size and root of the evidence log, to be kept elsewhere",
		Long: `Print the checkpoint of the evidence log: its size, its root and a signature. Keep it where
the service can't reach it; wellspring verify --log --checkpoint FILE checks later that
everything that was in the log then is in it still.`,
		Example: `  wellspring checkpoint > /media/vault/checkpoint-2026-03
  wellspring checkpoint --keys
  wellspring checkpoint --output json`,
		Args: invalidArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			keys, err := cmd.Flags().GetBool("keys")
			if err != nil {
				return err
			}
			return withService(cmd, func(s *service) error {
				c, err := s.checkpoint(cmd)
				if err != nil {
					return err
				}
				return output(cmd, c, func(t *table) {
					if keys {
						for _, k := range c.Keys {
							t.line("%s", k.Verifier)
						}
						return
					}
					t.line("%s", strings.TrimSuffix(c.Note, "\n"))
				})
			})
		},
	}
	cmd.Flags().Bool("keys", false, "print the public keys instead, the one in force last")
	return cmd
}

func (s *service) checkpoint(cmd *cobra.Command) (*client.SignedCheckpoint, error) {
	r, err := s.GetCheckpointWithResponse(cmd.Context(), nil)
	if err != nil {
		return nil, s.unreachable(err)
	}
	if r.JSON200 == nil {
		return nil, refused(r.HTTPResponse, r.Body)
	}
	return r.JSON200, nil
}

// readSmall reads a file of a size that keys or checkpoints have.
func readSmall(path string) ([]byte, error) {
	const most = 16 << 20
	info, err := os.Stat(path)
	if err == nil && info.Size() > most {
		err = fmt.Errorf("it has %d bytes, more than keys or checkpoints have", info.Size())
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, &lineage.Error{Op: "read file", Kind: lineage.ErrorInvalid, ID: path, Err: err}
	}
	return text, nil
}
