package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"wellspring/app"
	"wellspring/lineage"
)

// Exit codes: what a script needs to tell apart.
const (
	exitFailed  = 1 // it should have worked
	exitInvalid = 2 // the call or the input is wrong: change it
)

func exitCode(err error) int {
	var usage usageError
	switch lineage.KindOf(err) {
	case lineage.ErrorInvalid, lineage.ErrorNotFound, lineage.ErrorAmbiguous, lineage.ErrorTooLarge, lineage.ErrorConflict:
		return exitInvalid
	}
	if errors.As(err, &usage) {
		return exitInvalid
	}
	return exitFailed
}

// usageError is a call that cobra could not read.
type usageError struct{ error }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "wellspring",
		Short: "Provenance for Opentrons OT-2 liquid handlers: where did this well's result come from?",
		Long: `Wellspring takes in what OT-2 robots do and answers where the content of a well came
from, what a lot, plate or run touches, and how sure that answer is.

Commands that ask or import use the service at --server, else the one that runs on the
data folder, else they open the data folder themselves.

On a terminal tables are cut to its width; into a pipe, and with --output json, all is written.

Exit codes: 0 done, 1 failed, 2 the call or the input is wrong.`,
		Args: knownCommand,
		Example: `  wellspring demo
  wellspring import runs/
  wellspring serve`,
		PersistentPreRunE: knownFormat,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
	}
	flags := root.PersistentFlags()
	flags.StringP("output", "o", "table", "table for people, json for programs")
	flags.String("config", "", "YAML file with settings")
	flags.String("server", "", "address of a running service, such as http://127.0.0.1:7117")
	flags.AddFlagSet(settingsFlags())
	flags.String("reason", "", "why, for the audit log, where the command changes something")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w (%s --help lists the flags)", err, cmd.CommandPath())}
	})
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json"}, cobra.ShellCompDirectiveNoFileComp))
	root.AddGroup(
		&cobra.Group{ID: groupAsk, Title: "Ask:"},
		&cobra.Group{ID: groupTake, Title: "Take in:"},
		&cobra.Group{ID: groupService, Title: "Run the service:"},
	)
	grouped(root, groupAsk, newAncestry(), newImpact(), newTouched(), newWell(), newRuns(), newExperiments(), newHistory(), newAudit(), newExport(), newSignatures(), newCandidates(), newDiff(), newInspect())
	grouped(root, groupTake, newImport(), newProcessing(), newLetters(), newRobots(), newWebhooks())
	grouped(root, groupService, newServe(), newBridge(), newFsck(), newCompare(), newRebuild(), newBackup(), newRestore(), newRetain(), newSegments(), newHealth(), newKeys(), newSign(), newCheckpoint(), newVerify(),
		newDemo(), newConfig(), newVersion(), newManual())
	return root
}

// The groups under which help lists the commands.
const (
	groupAsk     = "ask"
	groupTake    = "take"
	groupService = "service"
)

func grouped(root *cobra.Command, group string, commands ...*cobra.Command) {
	for _, c := range commands {
		c.GroupID = group
		root.AddCommand(c)
	}
}

// options reads the settings that are in force for a command.
func options(cmd *cobra.Command) (app.Options, error) {
	file, err := cmd.Flags().GetString("config")
	if err != nil {
		return app.Options{}, err
	}
	return app.Load(file, cmd.Flags())
}

// newLogger logs to the standard error, where it can't disturb an output.
func newLogger(w io.Writer, o app.Options) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(o.LogLevel)) // validated
	handlerOptions := &slog.HandlerOptions{Level: level}
	if o.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, handlerOptions))
	}
	return slog.New(slog.NewTextHandler(w, handlerOptions))
}

// knownCommand refuses the name of a command that does not exist.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := cmd.CommandPath() + " --help lists the commands"
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return usageError{fmt.Errorf("unknown command %q (%s)", args[0], hint)}
}

// invalidArgs turns a wrong number of arguments into a usage error.
func invalidArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{fmt.Errorf("%w (usage: %s)", err, cmd.UseLine())}
		}
		return nil
	}
}
