package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"wellspring/app"
	"wellspring/lineage"
)

// forNeo4jAdmin is the one form of an export so far.
const forNeo4jAdmin = "neo4j-admin"

// exportGraph writes the graph for neo4j-admin.
func exportGraph(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError{errors.New("name the folder to write: wellspring export --for neo4j-admin DIR")}
	}
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
}
