package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"wellspring/lineage"
)

// newManual writes the manual from the commands themselves.
func newManual() *cobra.Command {
	cmd := &cobra.Command{
		Use:    "manual DIR",
		Short:  "Write man pages, or Markdown pages, of every command",
		Hidden: true,
		Example: `  wellspring manual /usr/local/share/man/man1
  wellspring manual docs/cli --markdown`,
		Args: invalidArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			markdown, err := cmd.Flags().GetBool("markdown")
			if err != nil {
				return err
			}
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return &lineage.Error{Op: "write manual", Kind: lineage.ErrorInvalid, Err: err}
			}
			if markdown {
				return doc.GenMarkdownTree(cmd.Root(), args[0])
			}
			return doc.GenManTree(cmd.Root(), &doc.GenManHeader{Title: "WELLSPRING", Section: "1"}, args[0])
		},
	}
	cmd.Flags().Bool("markdown", false, "write Markdown in place of man pages")
	return cmd
}
