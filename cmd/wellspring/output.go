package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"wellspring/lineage"
)

// output writes value as JSON, or what people draws as a table.
func output(cmd *cobra.Command, value any, people func(*table)) error {
	format, err := cmd.Flags().GetString("output")
	if err != nil {
		return err
	}
	switch format {
	case "json":
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(value)
	case "table":
		t := newTable(cmd.OutOrStdout())
		people(t)
		return t.w.Flush()
	}
	return lineage.Invalid("write output", "--output "+format, "use table or json")
}

// table lines up columns for people.
type table struct{ w *tabwriter.Writer }

func newTable(w io.Writer) *table {
	return &table{tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)}
}

// row writes one row of cells.
func (t *table) row(cells ...string) {
	_, _ = fmt.Fprintln(t.w, strings.TrimRight(strings.Join(cells, "\t"), "\t "))
}

// line writes a sentence that takes no part in the columns.
func (t *table) line(format string, args ...any) {
	_ = t.w.Flush()
	_, _ = fmt.Fprintf(t.w, format+"\n", args...)
	_ = t.w.Flush()
}
