package liquid

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const ruleAnalyses = "../examples/analyses/rules"

// engineDiffers is where the Opentrons engine counts otherwise than we do, and
// why; volumes in µL.
var engineDiffers = map[string]struct {
	why          string
	engine, ours map[string]float64
}{
	"air_above_the_top": {
		"air drawn above the top of a well counts as liquid",
		map[string]float64{"A1": 60, "B1": 40}, map[string]float64{"A1": 70, "B1": 30},
	},
	"loaded_twice": {
		"a second liquid takes the place of the first",
		map[string]float64{"A1": 70}, map[string]float64{"A1": 120},
	},
	"blow_out_rest": {
		"what is blown out into a well is not counted",
		map[string]float64{"C1": 0}, map[string]float64{"C1": 20},
	},
	"overdraw": {
		"a well may hold less than nothing",
		map[string]float64{"A1": -20}, map[string]float64{"A1": 0},
	},
}

// TestTheEngineAgrees compares volumes with those that Opentrons' own engine
// computed for protocols of ours, each of which exercises one rule. How they
// were made: examples/rules.py.
func TestTheEngineAgrees(t *testing.T) {
	protocols, err := filepath.Glob("../examples/protocols/rules/*.py")
	if err != nil || len(protocols) < 15 {
		t.Fatalf("only %d rule protocols: %v", len(protocols), err)
	}
	wells, differ := 0, 0
	for _, protocol := range protocols {
		name := strings.TrimSuffix(filepath.Base(protocol), ".py")
		t.Run(name, func(t *testing.T) {
			run := decoded(t, filepath.Join(ruleAnalyses, name+".json"))
			out := Fold(run, Options{})
			for _, wrong := range violations(out) {
				t.Error(wrong)
			}
			var engine map[string]map[string]float64
			readJSON(t, filepath.Join(ruleAnalyses, name+".volumes.json"), &engine)
			theirs, ours := map[string]float64{}, map[string]float64{}
			for labware, inLabware := range engine {
				for well, volume := range inLabware {
					wells++
					if got := out.Wells[labware][well].VolumeUl; math.Abs(got-volume) > closeVolume {
						theirs[well], ours[well] = volume, rounded(got, printedVolume)
					}
				}
			}
			for labware, inLabware := range out.Wells {
				for well := range inLabware {
					if _, ok := engine[labware][well]; !ok {
						t.Errorf("the engine does not know %s of %s", well, labware)
					}
				}
			}
			known := engineDiffers[name]
			differ += len(known.ours)
			if known.engine == nil {
				known.engine, known.ours = map[string]float64{}, map[string]float64{}
			}
			if diff := cmp.Diff(known.engine, theirs); diff != "" {
				t.Errorf("the engine's volumes, where ours differ (-known +found) %s:\n%s", known.why, diff)
			}
			if diff := cmp.Diff(known.ours, ours); diff != "" {
				t.Errorf("our volumes, where the engine's differ (-known +found) %s:\n%s", known.why, diff)
			}
		})
	}
	t.Logf("compared %d protocols, %d wells: %d differ, for the reasons known", len(protocols), wells, differ)
}
