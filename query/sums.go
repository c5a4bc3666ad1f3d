package query

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"wellspring/lineage"
)

// group is one of the lists of Groups.
type group int

const (
	groupPlates group = iota
	groupRuns
	groupLots
	groupWells
	groupMeasurements
	groupExperiments
	groupCount
)

// sums collects entries by group and key.
type sums [groupCount]map[string]*sum

// sum is an entry in the making.
type sum struct {
	entry Affected
	wells map[wellKey]bool
}

func newSums() *sums {
	var s sums
	for i := range s {
		s[i] = make(map[string]*sum)
	}
	return &s
}

// of is the entry with a key, which is made where there is none.
func (s *sums) of(in group, key string, node lineage.Node) *sum {
	if s[in][key] == nil {
		s[in][key] = &sum{wells: make(map[wellKey]bool),
			entry: Affected{ID: node.ID, Kind: node.Kind, Name: node.Name, Concentrations: []ConcentrationRange{}}}
	}
	return s[in][key]
}

// experiments are the entries of experiments, each once.
func (s *sums) experiments(lists ...[]lineage.Node) []*sum {
	var all []*sum
	for _, list := range lists {
		for _, experiment := range list {
			one := s.of(groupExperiments, experiment.ID.String(), experiment)
			one.entry.Name = max(one.entry.Name, called(experiment))
			if !slices.Contains(all, one) {
				all = append(all, one)
			}
		}
	}
	return all
}

func (s *sum) add(f finding) {
	e := &s.entry
	if f.share != nil {
		e.FractionMin, e.FractionMax = lesser(e.FractionMin, *f.share), greater(e.FractionMax, *f.share)
	}
	if !f.at.IsZero() {
		if e.FirstAt == nil || f.at.Before(*e.FirstAt) {
			e.FirstAt = known(f.at)
		}
		if e.LastAt == nil || f.at.After(*e.LastAt) {
			e.LastAt = known(f.at)
		}
	}
	for _, found := range f.amounts {
		i := slices.IndexFunc(e.Concentrations, func(c ConcentrationRange) bool { return c.Analyte == found.Analyte && c.Unit == found.Unit })
		if i < 0 {
			e.Concentrations = append(e.Concentrations, found)
			continue
		}
		e.Concentrations[i].Min, e.Concentrations[i].Max = min(e.Concentrations[i].Min, found.Min), max(e.Concentrations[i].Max, found.Max)
	}
}

func lesser(a *float64, b float64) *float64 {
	if a != nil && *a <= b {
		return a
	}
	return &b
}

func greater(a *float64, b float64) *float64 {
	if a != nil && *a >= b {
		return a
	}
	return &b
}

func (s *sums) groups() Groups {
	list := func(in group, compare func(a, b Affected) int) []Affected {
		all := make([]Affected, 0, len(s[in]))
		for _, one := range s[in] {
			one.entry.Wells = len(one.wells)
			all = append(all, one.entry)
		}
		slices.SortFunc(all, compare)
		return all
	}
	return Groups{
		Plates: list(groupPlates, compareAffected), Runs: list(groupRuns, byFirst), Lots: list(groupLots, compareAffected),
		Wells: list(groupWells, byWell), Measurements: list(groupMeasurements, byWell), Experiments: list(groupExperiments, byFirst),
	}
}

func byFirst(a, b Affected) int {
	at := func(t *time.Time) time.Time {
		if t == nil {
			return time.Time{}
		}
		return *t
	}
	return cmp.Or(at(a.FirstAt).Compare(at(b.FirstAt)), compareAffected(a, b))
}

// byWell orders names that end in a well as a person reads a plate.
func byWell(a, b Affected) int {
	split := func(name string) (string, string) {
		at := strings.LastIndexByte(name, ' ')
		return name[:max(at, 0)], name[at+1:]
	}
	labwareA, wellA := split(a.Name)
	labwareB, wellB := split(b.Name)
	return cmp.Or(cmp.Compare(labwareA, labwareB), compareWellNames(wellA, wellB), compareIDs(a.ID, b.ID))
}
