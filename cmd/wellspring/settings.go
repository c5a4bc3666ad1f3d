package main

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wellspring/app"
)

func settingsFlags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("settings", pflag.ContinueOnError)
	app.AddFlags(flags)
	return flags
}

func newConfig() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print the settings in force, secrets masked",
		Long:  "Print the settings in force. A flag goes before the environment, the environment before the file (--config), the file before the default.\nThe table is a YAML file that --config takes, once its masked secrets are removed.",
		Example: `  wellspring config
  WELLSPRING_STORE=neo4j WELLSPRING_NEO4J_URI=neo4j://localhost:7687 wellspring config
  wellspring config --config wellspring.yaml --output json`,
		Args: invalidArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := options(cmd)
			if err != nil {
				return err
			}
			values := o.InForce()
			return output(cmd, values, func(t *table) {
				for _, s := range app.Settings() {
					text, err := yaml.MarshalWithOptions(map[string]any{s.Name: values[s.Name]}, yaml.Flow(false))
					if err != nil {
						text = []byte(fmt.Sprintf("%s: %v", s.Name, values[s.Name]))
					}
					t.line("# %s [%s]", s.Help, s.Env)
					t.line("%s", strings.TrimSpace(string(text)))
				}
			})
		},
	}
	return cmd
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  wellspring version --output json",
		Args:    invalidArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := app.Version()
			return output(cmd, v, func(t *table) {
				t.line("wellspring %s %s (%s)", v.Version, v.Revision, v.Go)
			})
		},
	}
}
