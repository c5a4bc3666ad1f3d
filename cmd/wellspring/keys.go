package main

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wellspring/api/client"
	"wellspring/lineage"
)

func newKeys() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Make, list, rotate and revoke API keys",
		Example: `  wellspring keys list
  wellspring keys create "night report" --role viewer`,
		Long: `API keys let programs and people in where the service asks for a login (docs/security.md). Who can
read the data folder is an admin; a service elsewhere is asked with a key of an admin (--token).

Roles: viewer asks, operator takes in and declares, reviewer signs, auditor reads the audit log and
exports, admin may everything.`,
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newKeysList(), newKeysCreate(), newKeysRotate(), newKeysRevoke(), newKeysRotateLog())
	return cmd
}

func newKeysList() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List all keys, also those that ended",
		Example: "  wellspring keys list",
		Args:    invalidArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withService(cmd, func(s *service) error {
				r, err := s.ListKeysWithResponse(cmd.Context())
				if err != nil {
					return s.unreachable(err)
				}
				if r.JSON200 == nil {
					return refused(r.HTTPResponse, r.Body)
				}
				return output(cmd, r.JSON200, func(t *table) {
					if len(r.JSON200.Keys) == 0 {
						t.line("No keys. Make one: wellspring keys create NAME --role viewer")
						return
					}
					t.row("ID", "NAME", "ROLES", "MADE", "ENDS", "LAST USED")
					for _, k := range r.JSON200.Keys {
						ends := "never"
						switch {
						case k.RevokedAt != nil:
							ends = "revoked " + day(k.RevokedAt)
						case k.ExpiresAt != nil:
							ends = day(k.ExpiresAt)
						}
						t.row(k.ID, k.Name, roles(k), day(&k.CreatedAt), ends, cmp.Or(day(k.UsedAt), "never"))
					}
				})
			})
		},
	}
}

func newKeysCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Make a key and show its secret, this once",
		Example: `  wellspring keys create "night report" --role viewer --expires 90
  wellspring keys create bridge-3 --role operator --only postEvents`,
		Args: invalidArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			names, err := cmd.Flags().GetStringSlice("role")
			if err != nil {
				return err
			}
			only, err := cmd.Flags().GetStringSlice("only")
			if err != nil {
				return err
			}
			days, err := cmd.Flags().GetInt("expires")
			if err != nil {
				return err
			}
			if len(names) == 0 {
				return lineage.Invalid("make a key", "--role", "say what it may do: viewer, operator, reviewer, auditor or admin")
			}
			p := client.CreateKeyParams{Name: args[0], ExpiresInDays: set(days)}
			for _, n := range names {
				p.Role = append(p.Role, client.Role(n))
			}
			if len(only) > 0 {
				p.Operation = &only
			}
			return withService(cmd, func(s *service) error {
				r, err := s.CreateKeyWithResponse(cmd.Context(), &p)
				if err != nil {
					return s.unreachable(err)
				}
				if r.JSON201 == nil {
					return refused(r.HTTPResponse, r.Body)
				}
				return showSecret(cmd, r.JSON201)
			})
		},
	}
	cmd.Flags().StringSlice("role", nil, "what it may do: viewer, operator, reviewer, auditor, admin")
	cmd.Flags().StringSlice("only", nil, "narrow it to these operations, by operationId of openapi.yaml")
	cmd.Flags().Int("expires", 0, "after how many days it ends; 0: never")
	return cmd
}

func newKeysRotate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rotate ID",
		Short: "Give a key a new secret; the old one is taken for some hours more",
		Example: `  wellspring keys rotate 3f2a9c01b7de --dry-run
  wellspring keys rotate 3f2a9c01b7de --grace 48`,
		Args: invalidArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			hours, err := cmd.Flags().GetInt("grace")
			if err != nil {
				return err
			}
			dryRun, err := cmd.Flags().GetBool("dry-run")
			if err != nil {
				return err
			}
			if hours < 1 || hours > 720 {
				return lineage.Invalid("rotate key", "--grace "+strconv.Itoa(hours), "use 1 to 720 hours")
			}
			return withService(cmd, func(s *service) error {
				if dryRun {
					until := time.Now().Add(time.Duration(hours) * time.Hour)
					return s.wouldChange(cmd, args[0], "would get a new secret. The old one would be taken until "+instantCell(&until)+".")
				}
				r, err := s.RotateKeyWithResponse(cmd.Context(), args[0], &client.RotateKeyParams{GraceHours: &hours})
				if err != nil {
					return s.unreachable(err)
				}
				if r.JSON200 == nil {
					return refused(r.HTTPResponse, r.Body)
				}
				return showSecret(cmd, r.JSON200)
			})
		},
	}
	cmd.Flags().Int("grace", 24, "for how many hours the old secret is taken too, 1 to 720; a leaked key is revoked instead")
	cmd.Flags().Bool("dry-run", false, "show which key would get a new secret, and change nothing")
	return cmd
}

func newKeysRevoke() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "revoke ID",
		Short: "End a key at once, for ever",
		Example: `  wellspring keys revoke 3f2a9c01b7de --dry-run
  wellspring keys revoke 3f2a9c01b7de --reason "lost with the laptop"`,
		Args: invalidArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			dryRun, err := cmd.Flags().GetBool("dry-run")
			if err != nil {
				return err
			}
			return withService(cmd, func(s *service) error {
				if dryRun {
					return s.wouldChange(cmd, args[0], "would end.")
				}
				r, err := s.RevokeKeyWithResponse(cmd.Context(), args[0])
				if err != nil {
					return s.unreachable(err)
				}
				if r.JSON200 == nil {
					return refused(r.HTTPResponse, r.Body)
				}
				return output(cmd, r.JSON200, func(t *table) { t.line("revoked %s, %q", r.JSON200.ID, r.JSON200.Name) })
			})
		},
	}
	cmd.Flags().Bool("dry-run", false, "show which key would end, and change nothing")
	return cmd
}

// wouldChange shows the key in force that has an id, and what would become of it.
func (s *service) wouldChange(cmd *cobra.Command, id, what string) error {
	r, err := s.ListKeysWithResponse(cmd.Context())
	if err != nil {
		return s.unreachable(err)
	}
	if r.JSON200 == nil {
		return refused(r.HTTPResponse, r.Body)
	}
	for _, k := range r.JSON200.Keys {
		if k.ID == id && k.RevokedAt == nil {
			return output(cmd, k, func(t *table) {
				t.line("%s, %q, with the roles %s, last used %s, %s", k.ID, k.Name, roles(k), cmp.Or(day(k.UsedAt), "never"), what)
			})
		}
	}
	return lineage.NotFound("change key", id, "no key in force has this id; wellspring keys list shows them")
}

func newKeysRotateLog() *cobra.Command {
	return &cobra.Command{
		Use:   "rotate-log",
		Short: "Let a new key sign the evidence log; the old one signs, in the log, that it hands over",
		Long: `Make a new key that signs the evidence log. The old one signs, in the log, that it hands over to
it: who trusts the old one can follow. The old private key stays in the data folder, under
evidence.key.HASH: take it away from there.

Was the old key stolen? Then tell everybody who verifies to trust the new one only, and add
it to evidence.witness-for where a witness watches this log.`,
		Example: "  wellspring keys rotate-log",
		Args:    invalidArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withService(cmd, func(s *service) error {
				r, err := s.RotateLogKeyWithResponse(cmd.Context())
				if err != nil {
					return s.unreachable(err)
				}
				if r.JSON200 == nil {
					return refused(r.HTTPResponse, r.Body)
				}
				return output(cmd, r.JSON200, func(t *table) {
					t.line("From entry %d on the log is signed by", r.JSON200.Since)
					t.line("  %s", r.JSON200.Verifier)
				})
			})
		},
	}
}

func showSecret(cmd *cobra.Command, key *client.NewKey) error {
	return output(cmd, key, func(t *table) {
		t.row("id", key.Key.ID)
		t.row("name", key.Key.Name)
		t.row("roles", roles(key.Key))
		t.row("ends", cmp.Or(day(key.Key.ExpiresAt), "never"))
		t.line("\n%s\n\nThis is the only time that it is shown. Programs send it in the header Authorization: Bearer KEY;\ncommands take it from WELLSPRING_TOKEN.", key.Secret)
	})
}

func roles(k client.Key) string {
	names := make([]string, len(k.Roles))
	for i, r := range k.Roles {
		names[i] = string(r)
	}
	text := strings.Join(names, ", ")
	if k.Operations != nil && len(*k.Operations) > 0 {
		text += " (only " + strconv.Itoa(len(*k.Operations)) + ": " + strings.Join(*k.Operations, ", ") + ")"
	}
	return text
}

// day is a time to the day, empty where there is none.
func day(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}
