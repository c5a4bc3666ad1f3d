package query

// Explain says in one sentence what a reason of incompleteness means. A reason
// that it does not know comes back as it is.
func Explain(reason string) string {
	switch reason {
	case ReasonTruncated:
		return "a bound cut the answer: there is more than it holds"
	case ReasonUndeclared:
		return "some of the content came from a well that nobody said was filled"
	case ReasonRunNotEnded:
		return "a run that it rests on has not ended, as far as is known"
	case ReasonRunUnknown:
		return "a run that it rests on is not in the graph"
	case ReasonUnknownFraction:
		return "one derivation on the way does not say how much came along it"
	case ReasonCycle:
		return "derivations go in a circle: rebuild the graph"
	case reasonUncertain:
		return "a failed or interrupted command may have moved liquid here"
	case "source-short-later":
		return "a well that it was drawn from was found to hold more than was said, only afterwards"
	case "unlike-liquids-in-tip":
		return "two unlike liquids were in one tip and were dispensed in part: how they mixed is not known"
	case "no-definition":
		return "the definition of a labware is missing, so it is not known which wells the other nozzles reached"
	case "no-height":
		return "the log does not tell the height of the tip, so air may have been drawn for liquid"
	case "no-commands":
		return "the record of a run holds no commands"
	case "commands-missing":
		return "commands of a run are missing from its record"
	case "record-gap":
		return "the robot deleted or lost a part of a run's record before it was read, and nobody can read it any more"
	case "commands-uncounted":
		return "the record of a run does not say how many commands there are, so whether all are here is not known"
	case "commands-unfinished":
		return "the record does not say how some commands of a run ended"
	case "unknown-command":
		return "a run has commands of a kind that is not known: they may have moved liquid"
	case "clock-backwards":
		return "the clock of the robot went back during a run, so the order of its commands is in doubt"
	case "mass-balance":
		return "the liquid of a run does not add up: loaded is not what is in wells, tips and trash"
	case "plan-failed":
		return "the analysis of the protocol ended in an error, so the plan is not all there"
	}
	return reason
}

// explained are the sentences of reasons, in their order.
func explained(reasons []string) []string {
	sentences := make([]string, 0, len(reasons))
	for _, reason := range reasons {
		sentences = append(sentences, Explain(reason))
	}
	return sentences
}
