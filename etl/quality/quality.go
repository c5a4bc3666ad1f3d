// Package quality says what a person should know about a run before trusting
// it: findings about liquids, commands and clocks, and the reasons why the
// record of it may not be all of the truth.
//
// On the road of a fact it is part of transform: it stands between the fold
// and the projection and adds to what the fold itself found.
//
// It refuses to repair: a finding changes no volume, no order and no state.
package quality

import (
	"cmp"
	"slices"
	"time"

	"wellspring/liquid"
	"wellspring/ot2"
)

// Kinds of findings, beside those that the fold reports.
const (
	MassBalance      = "mass-balance"      // loaded + unknown is not wells + tips + trash
	Overflow         = "overflow"          // a well held more than its capacity
	UndeclaredLiquid = "undeclared-liquid" // liquid was taken that nobody declared
	UnusedLiquid     = "unused-liquid"     // a declared liquid that was never loaded
	Uncertain        = "uncertain"         // a failed command may have moved liquid here
	UnknownLabware   = "unknown-labware"   // no definition is known
	CommandFailed    = "command-failed"
	UnknownCommand   = "unknown-command" // of a type that the fold does not know
	Unfinished       = "commands-unfinished"
	CommandsMissing  = "commands-missing" // the source says there are more
	RecordGap        = "record-gap"       // the robot deleted or lost a part of the record before it was read
	NoCommands       = "no-commands"
	NoResults        = "no-results" // commands succeeded, none has a result
	RunError         = "run-error"
	ClockBackwards   = "clock-backwards"
	ClockGap         = "clock-gap"
)

// Reasons why a run's record is not complete, beside the liquid.Reason of its
// well states. Findings of the same name tell more.
const (
	ReasonNotEnded   = "run-not-ended"
	ReasonUncounted  = "commands-uncounted" // the source does not say how many commands there are
	ReasonPlanFailed = "plan-failed"        // the analysis ended in an error
)

// Options of the checks. Zero fields take the defaults.
type Options struct {
	// Gap is the pause between two commands from which on it is a finding:
	// rather a clock that jumped than a person who slept. Default 12 h.
	Gap time.Duration
	// Jitter is how far two stamps may contradict each other before the clock
	// is said to have gone backwards. Default 1 s.
	Jitter time.Duration
	// BalanceUl is how far the mass balance may be off, in µL. Default 1e-6.
	BalanceUl float64
}

// WithDefaults returns the options that are in force.
func (o Options) WithDefaults() Options {
	o.Gap = cmp.Or(o.Gap, 12*time.Hour)
	o.Jitter = cmp.Or(o.Jitter, time.Second)
	o.BalanceUl = cmp.Or(o.BalanceUl, liquid.Epsilon)
	return o
}

// Report is what the checks say.
type Report struct {
	Findings []liquid.Finding // the fold's and the checks', sorted, none twice
	// Incomplete holds the reasons why the record may not be all of the truth,
	// sorted. None: it is complete.
	Incomplete []string
}

// Check runs every check over a run and what the fold made of it. Filled are the
// first states of which somebody declared what they are; more are findings that
// others made. It is a pure function.
func Check(run ot2.Run, outcome liquid.Outcome, options Options, filled map[liquid.StateKey]bool, more ...liquid.Finding) Report {
	options = options.WithDefaults()
	findings := append(slices.Clone(outcome.Findings), more...)
	findings = add(findings, liquids(run, outcome, options, filled)...)
	findings = add(findings, commands(run, outcome)...)
	if !run.Plan { // an analysis has no clock: nothing moved
		findings = add(findings, clocks(run, options)...)
	}
	slices.SortFunc(findings, compare)
	findings = slices.Compact(findings)
	return Report{Findings: findings, Incomplete: incomplete(run, outcome, findings)}
}

// add appends findings that are not told already: the fold names the command
// too, so kind and place decide.
func add(told []liquid.Finding, more ...liquid.Finding) []liquid.Finding {
	type about struct{ kind, command, labware, well string }
	known := map[about]bool{}
	for _, f := range told {
		known[about{f.Kind, f.Command, f.Labware, f.Well}] = true
		if f.Labware != "" {
			known[about{f.Kind, "", f.Labware, f.Well}] = true
		}
	}
	for _, f := range more {
		if !known[about{f.Kind, f.Command, f.Labware, f.Well}] {
			told = append(told, f)
		}
	}
	return told
}

func compare(a, b liquid.Finding) int {
	return cmp.Or(
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Labware, b.Labware),
		cmp.Compare(a.Well, b.Well),
		cmp.Compare(a.Command, b.Command),
		cmp.Compare(a.Detail, b.Detail),
		cmp.Compare(a.Missing, b.Missing),
	)
}
