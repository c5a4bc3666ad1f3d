package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

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

--key says which public key is to be trusted, with those that it handed over to: without it the
check says only whether everything fits together, under the key that it names.

Checkpoints that were left outside are checked along (docs/evidence.md). With --witness and
--timestamp-ca there must be one that they signed: so is found what was written by
somebody who has stolen the key.`,
		Example: `  wellspring verify package.zip --key lab.pub
  wellspring verify package.zip --key lab.pub --witness witness.pub --timestamp-ca tsa.pem
  wellspring verify --log
  wellspring verify --log --key lab.pub --checkpoint /media/vault/checkpoints`,
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
	f.StringSlice("key", nil, "a public key to trust, or a file that holds some (wellspring checkpoint --keys)")
	f.StringSlice("checkpoint", nil, "file with checkpoints that were kept elsewhere")
	f.StringSlice("witness", nil, "public key of a witness whose cosignature must be there, or a file that holds some")
	f.String("timestamp-ca", "", "PEM file with the root certificate of an authority whose timestamp must be there")
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
	// Anchors are the checkpoints that were left outside.
	Anchors []evidence.Anchored `json:"anchors"`

	// Of a package: what it says it holds, and the sizes of kept checkpoints that
	// it can't be compared with.
	Answer     *pack.Answer         `json:"answer,omitempty"`
	Signatures []evidence.Signature `json:"signatures,omitempty"`
	Unproven   []int64              `json:"unproven,omitempty"`
}

func verifyLog(cmd *cobra.Command, s *service) error {
	signed, err := s.checkpoint(cmd)
	if err != nil {
		return err
	}
	v := verdictOfCheck{Faults: []evidence.Fault{}, Anchors: []evidence.Anchored{}}
	keys, origin, err := keysOf(signed.Keys)
	if err != nil {
		return err
	}
	v.Key = signed.Keys[len(signed.Keys)-1].Verifier
	trusted, err := keysNamed(cmd, "key")
	if err != nil {
		return err
	}
	if len(trusted) > 0 {
		v.Trusted = slices.ContainsFunc(signed.Keys, func(k evidence.Key) bool { return slices.Contains(trusted, k.Verifier) })
		if !v.Trusted {
			v.Faults = append(v.Faults, evidence.Fault{Place: "key", What: "the log is signed by " + v.Key + ", which " + strings.Join(trusted, ", ") + " did not hand over to"})
		}
	}
	checkpoints, faults := checkpointsOf(cmd, signed.Note, origin, keys)
	v.Faults = append(v.Faults, faults...)
	trust, err := trustOf(cmd)
	if err != nil {
		return err
	}
	err = s.eachAnchor(cmd, func(number int, a evidence.Anchor) {
		c, found, err := a.Open(origin, keys, trust)
		if err != nil {
			v.Faults = append(v.Faults, evidence.Fault{Place: fmt.Sprintf("anchor %d", number), What: err.Error()})
			return
		}
		checkpoints, v.Anchors = append(checkpoints, c), append(v.Anchors, found)
	})
	if err != nil {
		return err
	}
	v.Faults = append(v.Faults, trust.Missing(v.Anchors)...)
	check := evidence.NewLogCheck(checkpoints...)
	check.Keys(signed.Keys)
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
	if o.Keys, err = keysNamed(cmd, "key"); err != nil {
		return err
	}
	if o.Trust, err = trustOf(cmd); err != nil {
		return err
	}
	files, err := cmd.Flags().GetStringSlice("checkpoint")
	if err != nil {
		return err
	}
	for _, file := range files {
		kept, err := readCheckpoints(file)
		if err != nil {
			return err
		}
		o.Checkpoints = append(o.Checkpoints, kept...)
	}
	r, err := verify.File(name, o)
	if err != nil {
		return err
	}
	v := verdictOfCheck{Valid: r.Valid, Faults: r.Faults, Size: r.Answer.LogSize, Key: r.Key, Trusted: r.Trusted, Answer: &r.Answer, Signatures: r.Signatures, Anchors: r.Anchors, Unproven: r.Unproven}
	what := name
	if about := r.Answer.Question.About; about != "" {
		what = fmt.Sprintf("the package about %s %s", about, oneLine(r.Answer.Question.Selector))
	}
	return v.show(cmd, what)
}

// keysOf checks the chain of keys, and returns them with the log's name.
func keysOf(chain []evidence.Key) ([]evidence.SigningKey, string, error) {
	if len(chain) == 0 {
		return nil, "", lineage.Invalid("verify", "keys", "the service named none")
	}
	origin, _, _ := strings.Cut(chain[0].Verifier, "+")
	keys, err := evidence.CheckChain(origin, chain)
	return keys, origin, err
}

// keysNamed are the public keys of a flag: as they are, or a line each in a file.
func keysNamed(cmd *cobra.Command, flag string) ([]string, error) {
	named, err := cmd.Flags().GetStringSlice(flag)
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, key := range named {
		lines := []string{key}
		if !strings.Contains(key, "+") {
			text, err := readSmall(key)
			if err != nil {
				return nil, err
			}
			lines = strings.Fields(string(text))
		}
		for _, line := range lines {
			if _, err := note.NewVerifier(line); flag == "key" && err != nil {
				return nil, lineage.Invalid("verify", "--key", "name a public key of the form NAME+HASH+KEY, or a file with it: wellspring checkpoint --keys")
			}
			keys = append(keys, line)
		}
	}
	return keys, nil
}

// trustOf is whom outside of the log the person trusts.
func trustOf(cmd *cobra.Command) (evidence.Trust, error) {
	var trust evidence.Trust
	keys, err := keysNamed(cmd, "witness")
	if err != nil {
		return trust, err
	}
	for _, key := range keys {
		v, err := evidence.ReadWitness(key)
		if err != nil {
			return trust, err
		}
		trust.Witnesses = append(trust.Witnesses, v)
	}
	file, err := cmd.Flags().GetString("timestamp-ca")
	if err != nil || file == "" {
		return trust, err
	}
	text, err := readSmall(file)
	if err == nil {
		trust.Roots, err = evidence.ReadRoots(text)
	}
	return trust, err
}

// eachAnchor gives f every checkpoint that was left outside, numbered from 1.
func (s *service) eachAnchor(cmd *cobra.Command, f func(number int, a evidence.Anchor)) error {
	var cursor *string
	for number := 1; ; {
		limit := lineage.MaxPage
		r, err := s.ListAnchorsWithResponse(cmd.Context(), &client.ListAnchorsParams{Limit: &limit, Cursor: cursor})
		if err != nil {
			return s.unreachable(err)
		}
		if r.JSON200 == nil {
			return refused(r.HTTPResponse, r.Body)
		}
		for _, a := range r.JSON200.Anchors {
			f(number, a)
			number++
		}
		if cursor = r.JSON200.Next; deref(cursor) == "" {
			return nil
		}
	}
}

// checkpointsOf are the newest checkpoint and those that were kept elsewhere.
func checkpointsOf(cmd *cobra.Command, newest, origin string, keys []evidence.SigningKey) (found []evidence.Checkpoint, faults []evidence.Fault) {
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
		kept, err := readCheckpoints(file)
		if err != nil {
			faults = append(faults, evidence.Fault{Place: file, What: err.Error()})
		}
		for _, signed := range kept {
			take(file, signed)
		}
	}
	return found, faults
}

// readCheckpoints reads a file of checkpoints, be it one or what an anchor appended.
func readCheckpoints(file string) ([][]byte, error) {
	text, err := readSmall(file)
	if err != nil {
		return nil, err
	}
	return evidence.SplitCheckpoints(text)
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

// newestAnchors says what is outside, the newest of each place.
func newestAnchors(anchors []evidence.Anchored) []string {
	var lines []string
	seen := map[string]bool{}
	for _, a := range slices.Backward(anchors) {
		if seen[a.Kind+a.Place] {
			continue
		}
		seen[a.Kind+a.Place] = true
		line := fmt.Sprintf("The first %d entries were there at %s: %s %s", a.Size, a.At.UTC().Format(time.RFC3339), a.Kind, oneLine(a.Place))
		switch {
		case a.Trusted:
			line += ", signed by " + oneLine(a.By)
		case a.Kind == evidence.AnchorWitness:
			line += ". NOT CHECKED: by whom; name its key, --witness"
		case a.Kind == evidence.AnchorTimestamp:
			line += ". NOT CHECKED: by whom; name its root certificate, --timestamp-ca"
		default:
			line += ". NOT CHECKED: get the checkpoint from there, --checkpoint"
		}
		lines = append(lines, line)
	}
	return lines
}

// show prints the verdict; a fault is an error.
func (v verdictOfCheck) show(cmd *cobra.Command, what string) error {
	err := output(cmd, v, func(t *table) {
		if n := len(v.Unproven); n > 0 {
			t.line("NOT CHECKED: %d checkpoints that were kept, the last of size %d; the package says nothing of logs of their sizes: wellspring verify --log can.", n, v.Unproven[n-1])
		}
		for _, a := range newestAnchors(v.Anchors) {
			t.line("%s", a)
		}
		for _, f := range v.Faults {
			t.line("%s: %s", oneLine(f.Place), oneLine(f.What))
		}
		for _, s := range v.Signatures {
			t.line("Signature: %s by %s at %s, %s: %s", s.Meaning, oneLine(s.Who.Name), s.SignedAt.UTC().Format(time.RFC3339), oneLine(s.Subject), s.State)
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
