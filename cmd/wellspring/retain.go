package main

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"wellspring/api/client"
)

func newRetain() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "retain",
		Short: "Put old documents aside into files, as schedules.retention does",
		Long: `Put what is held of a run, plan, manifest or reading aside into a segment, a file in the folder
archive of the data folder, once nobody has said anything of it for --retention.age. Nothing is
deleted: the documents are read from there (docs/operating.md). wellspring segments lists the files.`,
		Example: `  wellspring retain --retention.age 17520h --dry-run
  wellspring retain --retention.age 17520h`,
		Args: invalidArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := options(cmd)
			if err != nil {
				return err
			}
			dryRun, err := cmd.Flags().GetBool("dry-run")
			if err != nil {
				return err
			}
			var before *time.Time // nil: by the service's own setting
			if o.RetentionAge > 0 {
				before = new(time.Now().UTC().Add(-o.RetentionAge))
			}
			return withService(cmd, func(s *service) error {
				if dryRun {
					return s.retainable(cmd, before)
				}
				return s.retain(cmd, before)
			})
		},
	}
	cmd.Flags().Bool("dry-run", false, "say how much would be put aside, and change nothing")
	return cmd
}

func (s *service) retainable(cmd *cobra.Command, before *time.Time) error {
	r, err := s.GetRetentionWithResponse(cmd.Context(), &client.GetRetentionParams{Before: before})
	if err != nil {
		return s.unreachable(err)
	}
	if r.JSON200 == nil {
		return refused(r.HTTPResponse, r.Body)
	}
	return output(cmd, r.JSON200, func(t *table) {
		t.line("%s of %s, %d bytes, would be put aside: nobody has said anything of them since %s.", count(r.JSON200.Records, "document"),
			count(r.JSON200.Subjects, "owner"), r.JSON200.Bytes, instantCell(&r.JSON200.Before))
	})
}

func (s *service) retain(cmd *cobra.Command, before *time.Time) error {
	r, err := s.StartRetentionWithResponse(cmd.Context(), &client.StartRetentionParams{Before: before})
	if err != nil {
		return s.unreachable(err)
	}
	if r.JSON200 == nil {
		return refused(r.HTTPResponse, r.Body)
	}
	return output(cmd, r.JSON200, func(t *table) {
		if len(r.JSON200.Segments) == 0 {
			t.line("Nothing is older than %s.", instantCell(&r.JSON200.Before))
			return
		}
		t.row("SEGMENT", "RECORDS", "OWNERS", "BYTES")
		for _, one := range r.JSON200.Segments {
			t.row(one.Name, strconv.Itoa(one.Records), strconv.Itoa(one.Subjects), strconv.FormatInt(one.Bytes, 10))
		}
	})
}
