package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"wellspring/api/client"
	"wellspring/evidence"
	"wellspring/evidence/pack"
	"wellspring/evidence/verify"
	"wellspring/lineage"
)

func newVerify() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify PACKAGE | --log",
		Short: "Is an evidence package, or the evidence log, what was signed?",
		Long: `Check an evidence package, or a folder that it was unpacked into, offline: every byte, the
signatures, that every entry is in the signed log, and every payload what the log has the
hash of. What is wrong is named.

With --log: fetch every entry of the evidence log, compute its tree again, and compare it with
the signed checkpoint, with those of --checkpoint, and every record with the journal. The
service's own word counts for nothing but the signature.

--key says which public key is to be trusted: without it the check says only whether
everything fits together, under the key that it names.`,
		Example: `  wellspring verify package.zip --key lab.pub
  wellspring verify --log
  wellspring verify --log --key lab.pub --checkpoint /media/vault/checkpoint-2026-03`,
		Args: invalidArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			log, err := cmd.Flags().GetBool("log")
			if err != nil {
				return err
			}
			if log == (len(args) == 1) {
				return usageError{fmt.Errorf("say what to verify: a package, or --log")}
			}
			if !log {
				return verifyPackage(cmd, args[0])
			}
			return withService(cmd, func(s *service) error { return verifyLog(cmd, s) })
		},
	}
	f := cmd.Flags()
	f.Bool("log", false, "check the evidence log of the service or the data folder")
	f.String("key", "", "the public key to trust, or a file that holds it (wellspring checkpoint --keys)")
	f.StringSlice("checkpoint", nil, "file with a checkpoint that was kept elsewhere")
	return cmd
}

// verdictOfCheck is what a check found.
type verdictOfCheck struct {
	Valid  bool             `json:"valid"`
	Faults []evidence.Fault `json:"faults"`
	Size   int64            `json:"size"`
	Key    string           `json:"key"`
	// Trusted: the key is the one that the person named.
	Trusted bool `json:"trusted"`

	// Of a package: what it says it holds, and the sizes of kept checkpoints that
	// it can't be compared with.
	Answer   *pack.Answer `json:"answer,omitempty"`
	Unproven []int64      `json:"unproven,omitempty"`
}

func verifyLog(cmd *cobra.Command, s *service) error {
	signed, err := s.checkpoint(cmd)
	if err != nil {
		return err
	}
	v := verdictOfCheck{Faults: []evidence.Fault{}}
	keys, origin, err := keysOf(signed.Keys)
	if err != nil {
		return err
	}
	v.Key = signed.Keys[len(signed.Keys)-1].Verifier
	trusted, err := trustedKey(cmd)
	if err != nil {
		return err
	}
	if trusted != "" {
		v.Trusted = slices.ContainsFunc(signed.Keys, func(k evidence.Key) bool { return k.Verifier == trusted })
		if !v.Trusted {
			v.Faults = append(v.Faults, evidence.Fault{Place: "key", What: "the log is signed by " + v.Key + ", which " + trusted + " did not hand over to"})
		}
	}
	checkpoints, faults := checkpointsOf(cmd, signed.Note, origin, keys)
	v.Faults = append(v.Faults, faults...)
	check := evidence.NewLogCheck(checkpoints...)
	if err := s.eachEntry(cmd, checkpoints, check); err != nil {
		return err
	}
	v.Faults = append(v.Faults, check.Finish()...)
	v.Size, v.Valid = check.Size(), len(v.Faults) == 0
	return v.show(cmd, fmt.Sprintf("the log of %d entries", v.Size))
}

func verifyPackage(cmd *cobra.Command, name string) error {
	o := verify.Options{}
	var err error
	if o.Key, err = trustedKey(cmd); err != nil {
		return err
	}
	files, err := cmd.Flags().GetStringSlice("checkpoint")
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := readSmall(file)
		if err != nil {
			return err
		}
		o.Checkpoints = append(o.Checkpoints, text)
	}
	r, err := verify.File(name, o)
	if err != nil {
		return err
	}
	v := verdictOfCheck{Valid: r.Valid, Faults: r.Faults, Size: r.Answer.LogSize, Key: r.Key, Trusted: r.Trusted, Answer: &r.Answer, Unproven: r.Unproven}
	return v.show(cmd, fmt.Sprintf("the package about %s %s", r.Answer.Question.About, oneLine(r.Answer.Question.Selector)))
}

// keysOf checks the chain of keys, and returns them with the log's name.
func keysOf(chain []evidence.Key) ([]note.Verifier, string, error) {
	if len(chain) == 0 {
		return nil, "", lineage.Invalid("verify", "keys", "the service named none")
	}
	origin, _, _ := strings.Cut(chain[0].Verifier, "+")
	keys, err := evidence.CheckChain(origin, chain)
	return keys, origin, err
}

// trustedKey is the public key that the person trusts; empty: none was named.
func trustedKey(cmd *cobra.Command) (string, error) {
	key, err := cmd.Flags().GetString("key")
	if err != nil || key == "" {
		return "", err
	}
	if !strings.Contains(key, "+") {
		text, err := readSmall(key)
		if err != nil {
			return "", err
		}
		key = strings.TrimSpace(string(text))
	}
	if _, err := note.NewVerifier(key); err != nil {
		return "", lineage.Invalid("verify", "--key", "name a public key of the form NAME+HASH+KEY, or a file with it: wellspring checkpoint --keys")
	}
	return key, nil
}

// checkpointsOf are the newest checkpoint and those that were kept elsewhere.
func checkpointsOf(cmd *cobra.Command, newest, origin string, keys []note.Verifier) (found []evidence.Checkpoint, faults []evidence.Fault) {
	take := func(place string, signed []byte) {
		c, err := evidence.OpenCheckpoint(signed, origin, keys)
		if err != nil {
			faults = append(faults, evidence.Fault{Place: place, What: err.Error()})
			return
		}
		found = append(found, c)
	}
	take("checkpoint", []byte(newest))
	files, _ := cmd.Flags().GetStringSlice("checkpoint")
	for _, file := range files {
		text, err := readSmall(file)
		if err != nil {
			faults = append(faults, evidence.Fault{Place: file, What: err.Error()})
			continue
		}
		take(file, text)
	}
	return found, faults
}

// eachEntry gives the check every entry up to the largest checkpoint.
func (s *service) eachEntry(cmd *cobra.Command, checkpoints []evidence.Checkpoint, check *evidence.LogCheck) error {
	var end int64
	for _, c := range checkpoints {
		end = max(end, c.Size)
	}
	for check.Size() < end {
		first, limit, journal := check.Size(), int(min(1000, end-check.Size())), true
		r, err := s.ListLogEntriesWithResponse(cmd.Context(), &client.ListLogEntriesParams{First: &first, Limit: &limit, Journal: &journal})
		if err != nil {
			return s.unreachable(err)
		}
		if r.JSON200 == nil {
			return refused(r.HTTPResponse, r.Body)
		}
		if len(r.JSON200.Entries) == 0 {
			return nil // Finish says that the end is missing
		}
		for _, e := range r.JSON200.Entries {
			check.Add(e.Index, []byte(e.Public), []byte(deref(e.Private)))
			switch journal := deref(e.Journal); journal {
			case "", client.Same:
			default:
				check.Fault(fmt.Sprintf("entry %d", e.Index), "its record in the journal: %s", journal)
			}
		}
	}
	return nil
}

// show prints the verdict; a fault is an error.
func (v verdictOfCheck) show(cmd *cobra.Command, what string) error {
	err := output(cmd, v, func(t *table) {
		for _, size := range v.Unproven {
			t.line("NOT CHECKED: the checkpoint of size %d that was kept; the package is about another size: wellspring verify --log can.", size)
		}
		for _, f := range v.Faults {
			t.line("%s: %s", oneLine(f.Place), oneLine(f.What))
		}
		switch {
		case !v.Valid:
			t.line("NOT VALID: %s is not what was signed.", what)
		case v.Trusted:
			t.line("Valid: %s is what was signed by the key that you trust.", what)
		default:
			t.line("Valid: %s is what was signed by", what)
			t.line("  %s", v.Key)
			t.line("NOT CHECKED: whether that key is the lab's. Compare it with one that you had from elsewhere, by --key.")
		}
	})
	if err == nil && !v.Valid {
		err = lineage.Invalid("verify", fmt.Sprintf("%d faults", len(v.Faults)), "each is named above")
	}
	return err
}
