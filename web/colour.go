package web

import (
	"fmt"
	"math"
)

// viridis is a scale that is even in lightness, and that people who see fewer
// colours read as well. (S. van der Walt and N. Smith, matplotlib, CC0.)
var viridis = [...][3]uint8{
	{68, 1, 84}, {72, 40, 120}, {62, 74, 137}, {49, 104, 142}, {38, 130, 142},
	{31, 158, 137}, {53, 183, 121}, {110, 206, 88}, {181, 222, 43}, {253, 231, 37},
}

// colour of a place on the scale, 0 to 1.
func colour(at float64) string {
	at = min(max(at, 0), 1) * float64(len(viridis)-1)
	i := min(int(at), len(viridis)-2)
	rest := at - float64(i)
	var c [3]float64
	for k := range c {
		c[k] = float64(viridis[i][k])*(1-rest) + float64(viridis[i+1][k])*rest
	}
	return fmt.Sprintf("#%02x%02x%02x", int(c[0]+.5), int(c[1]+.5), int(c[2]+.5))
}

// scale maps values to places on the colour scale.
type scale struct {
	Min, Max float64
	Log      bool
	Unit     string
	any      bool
}

// include widens a scale to a value.
func (s *scale) include(v float64) {
	if s.Log && v <= 0 {
		return
	}
	if !s.any {
		s.Min, s.Max, s.any = v, v, true
	}
	s.Min, s.Max = min(s.Min, v), max(s.Max, v)
}

// at is the place of a value, 0 to 1. On a logarithmic scale what is not
// positive is at the beginning.
func (s scale) at(v float64) float64 {
	lo, hi := s.Min, s.Max
	if s.Log {
		if v <= 0 {
			return 0
		}
		lo, hi, v = math.Log(lo), math.Log(hi), math.Log(v)
	}
	if hi <= lo {
		return 1
	}
	return min(max((v-lo)/(hi-lo), 0), 1)
}

// tick is a value on a legend.
type tick struct {
	At   float64 // 0 to 100
	Text string
}

// ticks are five values, evenly placed.
func (s scale) ticks() []tick {
	if !s.any {
		return nil
	}
	if s.Max <= s.Min {
		return []tick{{100, figure(s.Max)}}
	}
	var all []tick
	for i := range 5 {
		at := float64(i) / 4
		v := s.Min + at*(s.Max-s.Min)
		if s.Log {
			v = math.Exp(math.Log(s.Min) + at*(math.Log(s.Max)-math.Log(s.Min)))
		}
		all = append(all, tick{100 * at, rough(v)})
	}
	return all
}

// rough writes a number with three figures.
func rough(v float64) string {
	if v == 0 {
		return "0"
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-2)
	return figure(math.Round(v/unit) * unit)
}

// stop is a place of the legend's gradient.
type stop struct {
	At     float64
	Colour string
}

func stops() []stop {
	var all []stop
	for i := range viridis {
		at := float64(i) / float64(len(viridis)-1)
		all = append(all, stop{100 * at, colour(at)})
	}
	return all
}
