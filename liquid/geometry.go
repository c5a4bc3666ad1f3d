package liquid

import (
	"math"

	"wellspring/ot2"
)

const (
	nozzlePitch = 9.0 // mm between neighbouring nozzles
	onTheEdge   = 1e-9
	centred     = "centerMultichannelOnWells"
)

// over says over which well of the labware each active nozzle stands when the
// head stands at the named well; "" is none. Without a definition, or without
// that well in it, all act on the named well.
//
// The primary nozzle stands over the centre of the named well. In labware that
// centres multichannel heads, the middle of the active rows does.
func over(def *ot2.Definition, named string, l layout) [heads]string {
	var reached [heads]string
	var centre ot2.Well
	known := false
	if def != nil {
		centre, known = def.Wells[named]
	}
	if !known {
		return everyNozzle(l, named)
	}
	anchor := float64(l.primary)
	if def.HasQuirk(centred) {
		anchor = float64(l.first+l.last) / 2
	}
	missed := false
	for row := int(l.first); row <= int(l.last); row++ {
		// Row A is at the back: further rows stand at smaller y.
		y := centre.Y - (float64(row)-anchor)*nozzlePitch
		reached[row] = wellAt(def, centre.X, y)
		missed = missed || reached[row] == ""
	}
	span := float64(l.rows()-1) * nozzlePitch
	if missed && rectangular(centre) && centre.YDimension >= span {
		return everyNozzle(l, named) // a trough without the quirk
	}
	return reached
}

func everyNozzle(l layout, well string) [heads]string {
	var reached [heads]string
	for row := l.first; row <= l.last; row++ {
		reached[row] = well
	}
	return reached
}

// wellAt is the well whose opening contains the point, the one with the
// nearest centre if several do.
func wellAt(def *ot2.Definition, x, y float64) string {
	best, bestDistance := "", math.Inf(1)
	for name, w := range def.Wells {
		dx, dy := x-w.X, y-w.Y
		distance := math.Hypot(dx, dy)
		if distance > bestDistance || distance == bestDistance && name > best || !opens(w, dx, dy, distance) {
			continue
		}
		best, bestDistance = name, distance
	}
	return best
}

// opens reports whether a point this far from the centre is over the opening.
func opens(w ot2.Well, dx, dy, distance float64) bool {
	if rectangular(w) {
		return math.Abs(dx) <= w.XDimension/2+onTheEdge && math.Abs(dy) <= w.YDimension/2+onTheEdge
	}
	return distance <= w.Diameter/2+onTheEdge
}

func rectangular(w ot2.Well) bool { return w.Shape == "rectangular" }

// unknownDepth is the depth of a well without a definition. Trash has one of 0.
const unknownDepth = -1

// above reports whether a location is above the top of a well this deep; an
// unknown depth is never passed.
func above(l *ot2.WellLocation, depth float64) bool {
	if l == nil {
		return false
	}
	switch l.Origin {
	case ot2.OriginTop:
		return l.OffsetZ > 0
	case ot2.OriginBottom:
		return depth >= 0 && l.OffsetZ > depth
	case ot2.OriginCenter:
		return depth >= 0 && l.OffsetZ > depth/2
	}
	return false
}

// heightUnsaid reports whether a location could stand for "somewhere in the
// well": logs that never recorded heights say 0 from the top everywhere.
func heightUnsaid(l *ot2.WellLocation) bool {
	return l == nil || l.Origin == ot2.OriginTop && l.OffsetZ == 0
}
