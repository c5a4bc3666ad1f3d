package declared

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"wellspring/etl/benchindex"
	"wellspring/liquid"
	"wellspring/ot2"
)

// Corrected is a run with the volumes that were declared in place of its own.
type Corrected struct {
	Run      ot2.Run
	Volumes  map[string]benchindex.Declared // by command id
	Findings []liquid.Finding
}

// Correct puts declared volumes in place of those that the run's record has. The
// run that it was given stays as it is.
func Correct(run ot2.Run, said []benchindex.Declared) Corrected {
	c := Corrected{Run: run, Volumes: map[string]benchindex.Declared{}}
	for _, d := range said {
		switch {
		case d.Target.Command == "":
		case d.Withdrawn:
			delete(c.Volumes, d.Target.Command)
		case d.VolumeUl == nil:
		case math.IsNaN(*d.VolumeUl) || math.IsInf(*d.VolumeUl, 0) || *d.VolumeUl < 0:
			c.Findings = append(c.Findings, *unmatched(d, fmt.Sprintf("%g µL is no volume", *d.VolumeUl)))
		default:
			c.Volumes[d.Target.Command] = d
		}
	}
	if len(c.Volumes) == 0 {
		return c
	}
	c.Run.Commands = slices.Clone(run.Commands)
	met := map[string]bool{}
	for i := range c.Run.Commands {
		command := &c.Run.Commands[i]
		d, corrected := c.Volumes[command.ID]
		if !corrected {
			continue
		}
		met[command.ID] = moves(*command)
		if met[command.ID] {
			setVolume(command, *d.VolumeUl)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.Volumes)) {
		if !met[id] {
			c.Findings = append(c.Findings, *unmatched(c.Volumes[id], "the run has no command "+id+" that moves a volume"))
			delete(c.Volumes, id)
		}
	}
	return c
}

func moves(c ot2.Command) bool {
	return c.Params.Volume != nil || c.Result.Volume != nil || len(c.Params.VolumeByWell) > 0
}

func setVolume(c *ot2.Command, volume float64) {
	if c.Params.Volume != nil || len(c.Params.VolumeByWell) == 0 {
		c.Params.Volume = &volume
	}
	if c.Result.Volume != nil {
		c.Result.Volume = &volume
	}
	if len(c.Params.VolumeByWell) > 0 {
		wells := make(map[string]float64, len(c.Params.VolumeByWell))
		for well := range c.Params.VolumeByWell {
			wells[well] = volume
		}
		c.Params.VolumeByWell = wells
	}
}
