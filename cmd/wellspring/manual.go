package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"

	"wellspring/app"
	"wellspring/lineage"
)

//go:generate go run . manual ../../docs --markdown

// newManual writes the manual from the commands and settings themselves.
func newManual() *cobra.Command {
	cmd := &cobra.Command{
		Use:    "manual DIR",
		Short:  "Write man pages of every command, or the manual's pages of commands and settings",
		Hidden: true,
		Example: `  wellspring manual /usr/local/share/man/man1
  wellspring manual docs --markdown`,
		Args: invalidArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			markdown, err := cmd.Flags().GetBool("markdown")
			if err != nil {
				return err
			}
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return &lineage.Error{Op: "write manual", Kind: lineage.ErrorInvalid, Err: err}
			}
			if !markdown {
				return doc.GenManTree(cmd.Root(), &doc.GenManHeader{Title: "WELLSPRING", Section: "1"}, args[0])
			}
			for name, write := range map[string]func(io.Writer, *cobra.Command){"commands.md": writeCommands, "configuration.md": writeSettings} {
				var page bytes.Buffer
				write(&page, cmd.Root())
				if err := os.WriteFile(filepath.Join(args[0], name), page.Bytes(), 0o644); err != nil {
					return &lineage.Error{Op: "write manual", Kind: lineage.ErrorInvalid, Err: err}
				}
			}
			return nil
		},
	}
	cmd.Flags().Bool("markdown", false, "write commands.md and configuration.md in place of man pages")
	return cmd
}

const written = "<!-- Written by make generate; change the program instead. -->\n"

// writeCommands is the page of all commands.
func writeCommands(w io.Writer, root *cobra.Command) {
	_, _ = fmt.Fprintf(w, "# Commands\n\n%s\n%s\n\nEvery setting of [configuration.md](configuration.md) is a flag of every command.\n", written, root.Long)
	var each func(*cobra.Command)
	each = func(c *cobra.Command) {
		if c.Runnable() && c != root {
			writeCommand(w, c)
		}
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				each(sub)
			}
		}
	}
	for _, group := range root.Groups() {
		_, _ = fmt.Fprintf(w, "\n# %s\n", strings.TrimSuffix(group.Title, ":"))
		for _, c := range root.Commands() {
			if c.GroupID == group.ID && c.IsAvailableCommand() {
				each(c)
			}
		}
	}
}

func writeCommand(w io.Writer, c *cobra.Command) {
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	_, _ = fmt.Fprintf(w, "\n## %s\n\n%s\n\n    %s\n", c.CommandPath(), text, c.UseLine())
	if c.Example != "" {
		_, _ = fmt.Fprintf(w, "\nExamples:\n\n```sh\n%s\n```\n", strings.TrimSpace(strings.ReplaceAll(c.Example, "\n  ", "\n")))
	}
	settings := settingsFlags()
	var own []*pflag.Flag
	c.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && settings.Lookup(f.Name) == nil {
			own = append(own, f)
		}
	})
	if len(own) == 0 {
		return
	}
	_, _ = fmt.Fprint(w, "\n| flag | what |\n|---|---|\n")
	for _, f := range own {
		kind, usage := pflag.UnquoteUsage(f)
		_, _ = fmt.Fprintf(w, "| `%s` | %s |\n", strings.TrimSpace("--"+f.Name+" "+kind), usage)
	}
}

// writeSettings is the page of all settings.
func writeSettings(w io.Writer, _ *cobra.Command) {
	_, _ = fmt.Fprintf(w, `# Configuration

%s
A setting has one name: flag, environment and file differ in its spelling only. A flag goes before the environment, the environment before the file
(%[2]s--config wellspring.yaml%[2]s), the file before the default. A mistyped name is an error, and every mistake is named at once. %[2]swellspring config%[2]s prints what is in force, secrets
masked, in the form of the file.

| setting | environment | default | what |
|---|---|---|---|
`, written, "`")
	for _, s := range app.Settings() {
		var value string
		switch v := s.Default.(type) {
		case string:
			value = v
		default:
			text, err := yaml.MarshalWithOptions(s.Default, yaml.Flow(true))
			if err != nil {
				text = fmt.Append(nil, s.Default)
			}
			value = strings.TrimSpace(string(text))
		}
		if s.Name == "data-dir" {
			value = "~/.local/share/wellspring" // whatever the machine that writes this page has
		}
		if value != "" {
			value = "`" + value + "`"
		}
		secret := ""
		if s.Secret {
			secret = " (secret)"
		}
		_, _ = fmt.Fprintf(w, "| `%s` | `%s` | %s | %s%s |\n", s.Name, s.Env, value, s.Help, secret)
	}
}
