package liquid

import (
	"fmt"
	"math"

	"pgregory.net/rapid"

	"wellspring/ot2"
)

// choices is where a random history's decisions come from.
type choices interface {
	choose(n int) int // from 0 to n-1
}

// drawn takes decisions from rapid, which makes failing histories small.
type drawn struct{ *rapid.T }

func (d drawn) choose(n int) int { return rapid.IntRange(0, n-1).Draw(d.T, "choice") }

// spelled takes decisions from a fuzzer's bytes, one a decision; when they run
// out the history is over.
type spelled struct{ bytes []byte }

func (s *spelled) choose(n int) int {
	if len(s.bytes) == 0 {
		return 0
	}
	b := s.bytes[0]
	s.bytes = s.bytes[1:]
	return int(b) % n
}

func oneOf[T any](c choices, from ...T) T { return from[c.choose(len(from))] }

// history is a random run, and who decides in it.
type history struct {
	*protocol
	choices
	hostile bool // volumes that are none, labware nobody loaded
	parted  bool // nothing that stays behind at a handover: liquid in trash, who holds a tip
}

// newHistory declares some liquids; others are found lacking.
func newHistory(c choices, hostile bool) *history {
	h := &history{protocol: newProtocol(), choices: c, hostile: hostile}
	h.load("bin", "9", trashDefinition())
	h.liquid("water", 200, "plate/A1", "tubes/A1", "plate384/A1")
	h.liquid("water", 15000, "reservoir/A1")
	h.liquid("dye", 100, "plate/B1", "plate384/B1", "reservoir/A2")
	h.liquid("dye", 100, "open/A1")
	return h
}

func (h *history) place() string {
	places := []string{
		"plate/A1", "plate/B1", "plate/C1", "plate/A2", "plate/H12", "plate384/A1", "plate384/B1", "plate384/A2",
		"tubes/A1", "tubes/B1", "reservoir/A1", "reservoir/A2", "open/A1", "bin/A1", "fixedTrash/A1",
	}
	if h.parted {
		places = places[:len(places)-2]
	}
	if h.hostile {
		places = append(places, "mystery/A1", "plate/Z9", "rack/A1")
	}
	return oneOf(h.choices, places...)
}

func (h *history) volume() float64 {
	volumes := []float64{10, 5, 33.3, 100, 0.3, 0, 20, 1000.0 / 3, 1e-7, 2e-6}
	if h.hostile {
		volumes = append(volumes, -1, math.NaN(), math.Inf(1), 1e300)
	}
	return oneOf(h.choices, volumes...)
}

func (h *history) height() string {
	return oneOf(h.choices, "bottom+1", "bottom+1", "bottom+1", "top", "top+5", "bottom+11", "center+0", "center+6", "meniscus-1", "")
}

// go on with one command, or a few that belong together.
func (h *history) next() {
	h.with(oneOf(h.choices, "p1", "p1", "p8"))
	switch h.choose(24) {
	case 0, 1, 2:
		h.aspirate(h.volume(), h.place(), h.height())
	case 3, 4, 5:
		h.dispense(h.volume(), h.place(), h.height())
	case 6, 7:
		h.pickUp(oneOf(h.choices, "rack/A1", "rack/B1", "rack/H1", "rack/A2"))
	case 8:
		h.drop(oneOf(h.choices, "fixedTrash/A1", "rack/A1", "rack/B1", "plate/C1", "bin/A1"))
	case 9:
		h.blowout(h.place(), h.height())
	case 10:
		h.moveTo(h.place(), h.height())
	case 11:
		h.inPlace("aspirateInPlace", h.volume())
	case 12:
		h.inPlace("dispenseInPlace", h.volume())
	case 13:
		h.inPlace(oneOf(h.choices, "blowOutInPlace", "dropTipInPlace"))
	case 14:
		h.inPlace("airGapInPlace", h.volume())
	case 15:
		h.overTrash()
	case 16:
		h.nozzles(oneOf(h.choices, "SINGLE", "ALL", "COLUMN", "ROW"), oneOf(h.choices, "A1", "H1"))
	case 17:
		h.nozzles("QUADRANT", oneOf(h.choices, "A1", "H1"), oneOf(h.choices, "A1", "C1", "E1"), oneOf(h.choices, "E1", "H1"))
	case 18:
		h.liquid(oneOf(h.choices, "water", "dye", "EMPTY"), h.volume(), h.place())
	case 19:
		to := oneOf(h.choices, ot2.Location{OffDeck: true}, ot2.Location{Slot: "2"}, ot2.Location{LabwareID: "plate384"})
		h.command("moveLabware", ot2.Params{LabwareID: oneOf(h.choices, "plate", "tubes"), NewLocation: &to}, ot2.Result{})
	case 20:
		if h.parted {
			h.command("home", ot2.Params{}, ot2.Result{})
			return
		}
		kind, sentence := "command.ASPIRATE", "Aspirating %g uL from A1 of test_96_wellplate on 2 at 92.86 uL/sec"
		if h.choose(2) == 1 {
			kind, sentence = "command.DISPENSE", "Dispensing %g uL into B1 of test_96_wellplate on 2 at 92.86 uL/sec"
		}
		h.legacy(kind, fmt.Sprintf(sentence, h.volume()))
	case 21:
		if h.parted {
			h.command("home", ot2.Params{}, ot2.Result{})
			return
		}
		h.legacy(oneOf(h.choices, "command.AIR_GAP", "command.BLOW_OUT"), "Blowing out at C1 of test_96_wellplate on 2")
	case 22:
		h.fails()
		h.next()
	case 23:
		h.transfer(h.volume(), h.place(), h.place())
	}
	if h.hostile && h.choose(8) == 0 {
		h.last().Intent = oneOf(h.choices, "setup", "fixit", "protocol")
		h.last().Status = oneOf(h.choices, ot2.StatusSucceeded, ot2.StatusRunning, ot2.StatusQueued, "from the future")
	}
}

// random is a whole history.
func random(t *rapid.T, hostile bool) *history {
	h := newHistory(drawn{t}, hostile)
	h.random(t)
	return h
}

func (h *history) random(t *rapid.T) {
	for range rapid.IntRange(0, 40).Draw(t, "commands") {
		h.next()
	}
}
