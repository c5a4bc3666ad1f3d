package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"wellspring/api/client"
	"wellspring/evidence"
	"wellspring/evidence/pack"
	"wellspring/lineage"
)

func newSign() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sign --run RUN --meaning reviewed --reason WHY",
		Short: "Sign what is known of a run, an experiment, a lot, a plate, a well or a measurement",
		Long: `Sign as a person: what the signature means (authored, reviewed, approved or rejected) and why. It is
bound to the exact bytes of the answer, the lineage_sha256 of a package of the same question as of the same
time, and is an entry of the evidence log. When something else is known later, it is shown as outdated.

Who signs is asked for their key each time; where standard input is no terminal its first line is
the key. Each signer needs a key of their own, named like the person, with the role reviewer:
wellspring keys create "Ada Lovelace" --role reviewer. Nobody can sign as the machine.

` + selectorHelp,
		Example: `  wellspring sign --run latest --meaning reviewed --reason "controls within range"
  wellspring sign --experiment EXP-12 --meaning approved --reason released`,
		Args: invalidArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, reason, err := readSign(cmd)
			if err != nil {
				return err
			}
			key, err := readKey(cmd)
			if err != nil {
				return err
			}
			p.WellspringCredential = &key
			return withServiceAs(cmd, key, func(s *service) error {
				r, err := s.CreateSignatureWithResponse(cmd.Context(), p, func(_ context.Context, r *http.Request) error {
					r.Header.Set("Wellspring-Reason", reason)
					return nil
				})
				if err != nil {
					return s.unreachable(err)
				}
				if r.JSON201 == nil {
					return refused(r.HTTPResponse, r.Body)
				}
				return output(cmd, r.JSON201, func(t *table) { tableOfSignature(t, *r.JSON201) })
			})
		},
	}
	aboutFlags(cmd)
	cmd.Flags().String("meaning", "", "what the signature means: "+strings.Join(evidence.Meanings(), ", "))
	cmd.Flags().String("reason", "", "why you sign")
	cmd.Flags().String("as-of", "", "sign what was known then, RFC 3339; else now")
	_ = cmd.RegisterFlagCompletionFunc("meaning", cobra.FixedCompletions(evidence.Meanings(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func readSign(cmd *cobra.Command) (*client.CreateSignatureParams, string, error) {
	const op = "sign"
	about, selector, err := aboutOf(cmd, op, abouts()...)
	if err != nil {
		return nil, "", err
	}
	if about == "" {
		return nil, "", usageError{errors.New("say what to sign: --run, --experiment, --lot, --measurement, --plate or --well")}
	}
	meaning, err := cmd.Flags().GetString("meaning")
	if err != nil {
		return nil, "", err
	}
	reason, err := cmd.Flags().GetString("reason")
	if err != nil {
		return nil, "", err
	}
	if place, hint := evidence.CheckSigned(meaning, reason); place != "" {
		return nil, "", lineage.Invalid(op, "--"+place, hint)
	}
	asOf, err := momentOf(cmd, "as-of")
	return &client.CreateSignatureParams{About: client.CreateSignatureParamsAbout(about), Selector: selector, Meaning: client.Meaning(meaning), AsOf: asOf}, reason, err
}

// readKey asks for the key of who signs, and shows nothing of it.
func readKey(cmd *cobra.Command) (string, error) {
	const op, most = "sign", 16 << 10
	var text string
	file, isFile := cmd.InOrStdin().(*os.File)
	if isFile && term.IsTerminal(int(file.Fd())) {
		_, _ = fmt.Fprint(cmd.ErrOrStderr(), "Your key: ")
		typed, err := term.ReadPassword(int(file.Fd()))
		_, _ = fmt.Fprintln(cmd.ErrOrStderr())
		if err != nil {
			return "", &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: "key", Err: err}
		}
		text = string(typed)
	} else {
		line, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), most)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: "key", Err: err}
		}
		text = line
	}
	if text = strings.TrimSpace(text); text == "" {
		return "", lineage.Invalid(op, "key", "type your key, or give it on the first line of standard input")
	}
	return text, nil
}

func newSignatures() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "signatures [INDEX]",
		Short: "Who signed what, and does it still hold?",
		Long: `List the signatures of people, or those of one thing. Of each the answer that was signed is made
again: valid means that the same is known now, outdated that something else is. With an INDEX of
the list: what has changed since.

` + selectorHelp,
		Example: `  wellspring signatures --run latest
  wellspring signatures 118`,
		Args: invalidArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return showSignature(cmd, args[0])
			}
			about, selector, err := aboutOf(cmd, "list signatures", abouts()...)
			if err != nil {
				return err
			}
			return withService(cmd, func(s *service) error { return s.listSignatures(cmd, about, selector) })
		},
	}
	aboutFlags(cmd)
	return cmd
}

func (s *service) listSignatures(cmd *cobra.Command, about, selector string) error {
	p := client.ListSignaturesParams{About: set(client.ListSignaturesParamsAbout(about)), Selector: set(selector), Limit: set(100)}
	all := client.SignatureList{Signatures: []client.Signature{}}
	for {
		r, err := s.ListSignaturesWithResponse(cmd.Context(), &p)
		if err != nil {
			return s.unreachable(err)
		}
		if r.JSON200 == nil {
			return refused(r.HTTPResponse, r.Body)
		}
		all.Signatures = append(all.Signatures, r.JSON200.Signatures...)
		if p.Cursor = r.JSON200.Next; deref(p.Cursor) == "" {
			break
		}
	}
	return output(cmd, all, func(t *table) {
		if len(all.Signatures) == 0 {
			t.line("Nobody has signed that.")
			return
		}
		t.row("INDEX", "SIGNED AT", "BY", "MEANING", "OF", "STATE", "REASON")
		for _, one := range all.Signatures {
			t.row(strconv.FormatInt(one.Index, 10), one.SignedAt.UTC().Format(time.RFC3339), oneLine(one.Who.Name), one.Meaning, oneLine(one.Subject), one.State, oneLine(one.Reason))
		}
	})
}

func showSignature(cmd *cobra.Command, text string) error {
	index, err := strconv.ParseInt(text, 10, 64)
	if err != nil || index < 0 {
		return lineage.Invalid("show signature", text, "name a signature by its INDEX: wellspring signatures lists them")
	}
	return withService(cmd, func(s *service) error {
		r, err := s.GetSignatureWithResponse(cmd.Context(), index)
		if err != nil {
			return s.unreachable(err)
		}
		if r.JSON200 == nil {
			return refused(r.HTTPResponse, r.Body)
		}
		return output(cmd, r.JSON200, func(t *table) {
			tableOfSignature(t, r.JSON200.Signature)
			if r.JSON200.Changed < 0 {
				t.line("What has changed is too much to compare here: export both, --as-of each time.")
				return
			}
			for _, c := range r.JSON200.Changes {
				t.line("%s %s", c.Change, changeLine(c))
			}
			if more := int(r.JSON200.Changed) - len(r.JSON200.Changes); more > 0 {
				t.line("and %d more", more)
			}
		})
	})
}

func tableOfSignature(t *table, s evidence.Signature) {
	t.row("signature", strconv.FormatInt(s.Index, 10))
	t.row("of", oneLine(s.Subject))
	t.row("by", oneLine(s.Who.Name+" ("+s.Who.ID+")"))
	t.row("meaning", s.Meaning)
	t.row("reason", oneLine(s.Reason))
	t.row("signed at", s.SignedAt.UTC().Format(time.RFC3339Nano))
	t.row("known as of", s.AsOf.UTC().Format(time.RFC3339Nano))
	t.row("lineage_sha256", s.LineageSHA256)
	t.row("state", s.State)
	if s.Now != nil {
		t.row("known now", fmt.Sprintf("%s: %d nodes and %d edges, then %d and %d", cmp.Or(s.Now.LineageSHA256, "nothing"), s.Now.Nodes, s.Now.Edges, s.Nodes, s.Edges))
	}
}

// changeLine is one difference in one line.
func changeLine(c pack.Change) string {
	item := c.Now
	if item == nil {
		item = c.Then
	}
	if item.Node != nil {
		return fmt.Sprintf("%s %s %s", item.Node.Kind, oneLine(item.Node.Name), item.Node.ID)
	}
	return fmt.Sprintf("%s %s to %s", item.Edge.RelationshipType, item.Edge.SourceID, item.Edge.TargetID)
}
