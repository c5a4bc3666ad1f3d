package liquid

import (
	"maps"
	"slices"
)

// closed is the mass balance with what wells and tips hold now.
func (f *Folder) closed() Balance {
	b := f.balance
	// In one order always: sums of floats depend on it.
	for _, id := range slices.Sorted(maps.Keys(f.labware)) {
		lw := f.labware[id]
		for _, name := range slices.Sorted(maps.Keys(lw.wells)) {
			b.Wells += lw.wells[name].volume
		}
		for _, place := range slices.Sorted(maps.Keys(lw.waiting)) {
			for _, t := range lw.waiting[place] {
				b.Tips += t.liquid()
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(f.pipettes)) {
		for _, t := range f.pipettes[id].tips {
			if t != nil {
				b.Tips += t.liquid()
			}
		}
	}
	b.Difference = b.Loaded + b.Inherited + b.Unknown - b.Wells - b.Tips - b.Trash
	return b
}
