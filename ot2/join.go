package ot2

import (
	"cmp"
	"slices"
)

// Joiner is Merge for a run that is followed: fragments are added as they come,
// and Run says at any time what Merge makes of all of them. What was joined is
// not looked at again.
type Joiner struct {
	headers  []Run          // fragments that say more than commands, these left out
	at       map[string]int // by id, in commands
	commands []Command
	lent     bool // commands are those of the first fragment: not to be changed
	ordered  bool // commands are in order
	listed   bool // in that of a list

	// whole is the list of the fragment that has all commands, in its order; of
	// several the greater one. Nil: none has them all.
	whole []string
	// recorded is how many commands the largest record has that is whole by its
	// own word, of a run that ended.
	recorded int

	revised map[string]bool
}

// NewJoiner returns a Joiner that was told nothing.
func NewJoiner() *Joiner {
	return &Joiner{at: map[string]int{}, ordered: true, revised: map[string]bool{}}
}

// Add joins a fragment.
func (j *Joiner) Add(f Run) {
	list := j.addCommands(f.Commands)
	if len(list) == len(j.commands) && slices.Compare(j.whole, list) < 0 {
		j.whole, j.ordered = list, false
	}
	if f.Ended() && len(f.Commands) == f.CommandsTotal {
		j.recorded = max(j.recorded, f.CommandsTotal)
	}
	f.Commands = nil
	if !slices.ContainsFunc(j.headers, func(h Run) bool { return compareContent(h, f) == 0 }) {
		j.headers = append(j.headers, f)
	}
}

// addCommands returns the ids of the commands, each once, in their order.
func (j *Joiner) addCommands(commands []Command) []string {
	list := make([]string, 0, len(commands))
	seen := make(map[string]bool, len(commands))
	for _, c := range commands {
		if !seen[c.ID] {
			seen[c.ID] = true
			list = append(list, c.ID)
		}
		i, known := j.at[c.ID]
		switch {
		case !known:
			j.ordered = j.ordered && !j.listed && (len(j.commands) == 0 || j.commands[len(j.commands)-1].compare(c) <= 0)
			j.at[c.ID] = len(j.commands)
			j.append(commands, c)
			j.whole = nil // who did not have this one does not have all
		case compareRecords(j.commands[i], c) < 0:
			j.ordered = j.ordered && j.listed // times may have come or changed
			j.own()
			j.commands[i] = c
			j.revised[c.ID] = true
		}
	}
	return list
}

// append adds a command of a fragment that was not there. As long as there is nothing else,
// the commands of the first fragment are borrowed: a long run is not kept twice.
func (j *Joiner) append(from []Command, c Command) {
	if n := len(j.commands); (n == 0 || j.lent && &from[0] == &j.commands[0]) && n < len(from) && from[n].ID == c.ID {
		j.commands, j.lent = from[:n+1:n+1], true
		return
	}
	j.own()
	j.commands = append(j.commands, c)
}

// own makes the commands the Joiner's own.
func (j *Joiner) own() {
	if j.lent {
		j.commands, j.lent = slices.Clone(j.commands), false
	}
}

// compare orders commands by creation.
func (c *Command) compare(d Command) int {
	return cmp.Or(c.made().Compare(d.made()), c.StartedAt.Compare(d.StartedAt), cmp.Compare(c.ID, d.ID))
}

// Run is what Merge makes of what was added. Its commands are the Joiner's own:
// they are good until the next Add.
func (j *Joiner) Run() Run {
	merged := Run{CommandsTotal: -1}
	var furthest Run
	for _, f := range j.headers {
		merged.mergeHeader(f)
		if further(furthest, f) < 0 {
			furthest = f
		}
	}
	merged.Status, merged.Current = furthest.Status, furthest.Current
	merged.Pipettes = longest(j.headers, func(r Run) []Pipette { return r.Pipettes })
	merged.Labware = longest(j.headers, func(r Run) []Labware { return r.Labware })
	merged.Modules = longest(j.headers, func(r Run) []Module { return r.Modules })
	merged.Liquids = longest(j.headers, func(r Run) []Liquid { return r.Liquids })
	merged.Offsets = longest(j.headers, func(r Run) []LabwareOffset { return r.Offsets })
	merged.Parameters = longest(j.headers, func(r Run) []Parameter { return r.Parameters })
	merged.Actions = longest(j.headers, func(r Run) []Action { return r.Actions })
	merged.Errors = longest(j.headers, func(r Run) []Error { return r.Errors })
	merged.Gaps = j.gaps()
	slices.Sort(merged.Redacted)
	merged.Redacted = slices.Compact(merged.Redacted)
	j.order()
	merged.Commands = j.commands
	return merged
}

// gaps is what is said to be missing, none where one fragment is the whole record.
func (j *Joiner) gaps() []Gap {
	if j.recorded > 0 && j.recorded >= len(j.commands) {
		return nil
	}
	var gaps []Gap
	for _, f := range j.headers {
		gaps = append(gaps, f.Gaps...)
	}
	slices.SortFunc(gaps, func(a, b Gap) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Detail, b.Detail)) })
	return slices.Compact(gaps)
}

// order puts the commands in the order of the list that has them all, else in
// order of creation.
func (j *Joiner) order() {
	switch listed := j.whole != nil; {
	case j.ordered && listed == j.listed:
		return
	case listed && slices.EqualFunc(j.commands, j.whole, func(c Command, id string) bool { return c.ID == id }):
	case listed:
		j.lent = false
		ordered := make([]Command, len(j.commands))
		for i, id := range j.whole {
			ordered[i] = j.commands[j.at[id]]
		}
		j.commands = ordered
	default:
		j.own()
		slices.SortFunc(j.commands, func(a, b Command) int { return a.compare(b) })
	}
	for i := range j.commands {
		j.at[j.commands[i].ID] = i
	}
	j.ordered, j.listed = true, j.whole != nil
}

// Revised returns the ids of the commands of which another record counts than
// the one that was joined first, and forgets them.
func (j *Joiner) Revised() map[string]bool {
	revised := j.revised
	j.revised = map[string]bool{}
	return revised
}

// Len is the number of commands.
func (j *Joiner) Len() int { return len(j.commands) }
