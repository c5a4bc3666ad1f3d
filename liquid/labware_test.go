package liquid

import (
	"fmt"
	"sync"

	"wellspring/ot2"
)

// grid is labware of rows × columns round wells, the first at the back left.
func grid(name string, rows, columns int, pitch, diameter, capacity float64) *ot2.Definition {
	def := &ot2.Definition{Namespace: "test", LoadName: name, Version: 1, DisplayName: name, Wells: map[string]ot2.Well{}}
	for c := range columns {
		var column []string
		for r := range rows {
			name := fmt.Sprintf("%c%d", 'A'+r, c+1)
			def.Wells[name] = ot2.Well{
				Shape: "circular", Diameter: diameter, Depth: 10, CapacityUl: capacity,
				X: 14.38 + pitch*float64(c), Y: 74.24 - pitch*float64(r),
			}
			column = append(column, name)
		}
		def.Ordering = append(def.Ordering, column)
	}
	return def
}

// The labware of the tests; made once, for histories load it by the thousand.
var (
	plate96  = sync.OnceValue(func() *ot2.Definition { return grid("test_96_wellplate", 8, 12, 9, 6.85, 360) })
	plate384 = sync.OnceValue(func() *ot2.Definition { return grid("test_384_wellplate", 16, 24, 4.5, 3.6, 112) })
	tubes    = sync.OnceValue(func() *ot2.Definition { return grid("test_24_tuberack", 4, 6, 19.89, 8.7, 2000) })
	rack96   = sync.OnceValue(newRack)
	trough12 = sync.OnceValue(newTrough12)
)

func newRack() *ot2.Definition {
	def := grid("test_96_tiprack", 8, 12, 9, 5.5, 300)
	def.IsTiprack = true
	return def
}

// newTrough12 has twelve long troughs and the quirk.
func newTrough12() *ot2.Definition {
	def := grid("test_12_reservoir", 1, 12, 9, 0, 22000)
	def.Quirks = []string{"centerMultichannelOnWells"}
	for name, w := range def.Wells {
		w.Shape, w.XDimension, w.YDimension, w.Y = "rectangular", 8.2, 71.2, 42.78
		def.Wells[name] = w
	}
	return def
}

// openTrough is one trough without the quirk.
func openTrough() *ot2.Definition {
	def := grid("test_1_reservoir", 1, 1, 9, 0, 195000)
	def.Wells["A1"] = ot2.Well{Shape: "rectangular", XDimension: 106.8, YDimension: 71.2, X: 63.88, Y: 42.74, Depth: 25, CapacityUl: 195000}
	return def
}

// trashDefinition is a trash by its format.
func trashDefinition() *ot2.Definition {
	def := openTrough()
	def.LoadName, def.Format = "test_1_trash", "trash"
	return def
}
