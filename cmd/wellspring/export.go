package main

import (
	"time"

	"github.com/spf13/cobra"

	"wellspring/app"
	"wellspring/lineage"
)

// forNeo4jAdmin is the one form of an export so far.
const forNeo4jAdmin = "neo4j-admin"

func newExport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export --for neo4j-admin DIR",
		Short: "Write the graph as files from which neo4j-admin makes a database at once",
		Long: `Write the graph that the settings name as files for neo4j-admin, which makes a new
database of them much faster than any client could write one: for a lab that moves to Neo4j with
years of data. DIR must be empty or not there. Then, where Neo4j is installed and stopped:

    cd DIR && neo4j-admin database import full neo4j @import.args

The database has what the graph holds now, with the times since when; what was before stays
behind. The service must not run on the data folder meanwhile. docs/neo4j-import.md tells more.`,
		Example: `  wellspring export --for neo4j-admin /var/lib/neo4j/import/graph
  wellspring export --for neo4j-admin /var/lib/neo4j/import/graph --data-dir /var/lib/wellspring --output json`,
		Args: invalidArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			form, err := cmd.Flags().GetString("for")
			if err != nil {
				return err
			}
			if form != forNeo4jAdmin {
				return lineage.Invalid("export", "for "+form, "the one form is neo4j-admin")
			}
			o, err := options(cmd)
			if err != nil {
				return err
			}
			began := time.Now()
			exported, err := app.Export(cmd.Context(), o, args[0])
			if err != nil {
				return err
			}
			return output(cmd, exported, func(t *table) {
				t.line("%d nodes and %d edges of %d owners in %d files, in %s", exported.Nodes, exported.Edges, exported.Owners, exported.Files, time.Since(began).Round(time.Second/10))
				t.line("now, where Neo4j is: cd %s && neo4j-admin database import full neo4j @import.args", args[0])
			})
		},
	}
	cmd.Flags().String("for", "", "who reads the files: neo4j-admin")
	_ = cmd.MarkFlagRequired("for")
	_ = cmd.RegisterFlagCompletionFunc("for", cobra.FixedCompletions([]string{forNeo4jAdmin}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}
