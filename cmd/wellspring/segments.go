package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"wellspring/lineage"
)

func newSegments() *cobra.Command {
	return &cobra.Command{
		Use:   "segments",
		Short: "List the files that retention has put old documents and entries into",
		Long: `List the files in the folder archive of the data folder that retention (schedules.retention,
retention.age) has put old documents (segment-…) and entries of the evidence log (evidence-…) into. The exit code is 1 if one of them is not there:
what is in it can't be derived again, checked or corrected until it is back.`,
		Example: "  wellspring segments",
		Args:    invalidArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withService(cmd, func(s *service) error {
				r, err := s.ListSegmentsWithResponse(cmd.Context())
				if err != nil {
					return s.unreachable(err)
				}
				if r.JSON200 == nil {
					return refused(r.HTTPResponse, r.Body)
				}
				var missing error
				err = output(cmd, r.JSON200, func(t *table) {
					if len(r.JSON200.Segments) == 0 {
						t.line("No segments: everything is in the journal's and the evidence log's own files.")
						return
					}
					t.row("SEGMENT", "RECORDS", "SUBJECTS", "BYTES", "FIRST", "LAST", "THERE")
					for _, one := range r.JSON200.Segments {
						there := "yes"
						if !one.Present {
							there = "NO"
							missing = &lineage.Error{Op: "list segments", Kind: lineage.ErrorUnavailable, ID: one.Name, Hint: "bring it back into the folder archive"}
						}
						t.row(one.Name, strconv.Itoa(one.Records), strconv.Itoa(one.Subjects), strconv.FormatInt(one.Bytes, 10), instantCell(&one.First), instantCell(&one.Last), there)
					}
				})
				if err != nil {
					return err
				}
				return missing
			})
		},
	}
}
