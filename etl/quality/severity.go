package quality

import (
	"wellspring/etl/declared"
	"wellspring/liquid"
)

// Severity says how soon a person should look at a finding.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // what the record says can't all have happened, or something failed: look now
	Warning Severity = "warning" // something is unknown or doubtful: look before trusting the run
	Info    Severity = "info"    // worth knowing
)

// SeverityOf is the severity of a kind of finding. One that is not known here is a warning.
func SeverityOf(kind string) Severity {
	switch kind {
	case RunError, CommandFailed, MassBalance, Overflow, RecordGap, liquid.FindingOverdraw, liquid.FindingTipLost, liquid.FindingInvalidVolume, declared.FindingClaimedTwice:
		return Error
	case UnusedLiquid, liquid.FindingUnlike, liquid.FindingNoHeight, liquid.FindingDeclaredAgain:
		return Info
	}
	return Warning
}
