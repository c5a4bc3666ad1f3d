package bench

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"wellspring/lineage"
)

// Kind says which of the bench's documents a payload is.
type Kind string

// The kinds, each with its decoder.
const (
	KindManifest Kind = "manifest" // DecodeManifest
	KindReading  Kind = "reading"  // DecodeReading
	KindSteps    Kind = "steps"    // DecodeSteps
	KindJob      Kind = "job"      // DecodeJobEvent
)

const opDetect = "detect document"

// Detect says what a payload is, for the door to file it. Of steps and of
// an event about a job, run is the id of the run that they are about. It looks at names, not values: a payload that it
// knows may still fail to decode. A payload that could be two things is an error
// of lineage.ErrorAmbiguous, and its sender has to say which.
func Detect(payload []byte, limits Limits) (kind Kind, run string, err error) {
	limits = limits.orDefault()
	if err := limits.size(opDetect, payload); err != nil {
		return "", "", err
	}
	if looksLikeJSON(payload) {
		return detectJSON(payload)
	}
	kind, err = detectTable(payload, limits)
	return kind, "", err
}

func detectJSON(payload []byte) (Kind, string, error) {
	var top map[string]json.RawMessage
	if err := unmarshal(opDetect, payload, &top); err != nil {
		return "", "", err
	}
	isList := func(name string) bool { return len(top[name]) > 0 && top[name][0] == '[' }
	switch {
	case top[asmPlateReader+" aggregate document"] != nil:
		return KindReading, "", nil
	case top[asmLiquidHandler+" aggregate document"] != nil:
		d, err := openASM(opDetect, asmLiquidHandler, payload)
		return KindSteps, d.runID(payload), err
	case top["producer"] != nil && top["eventTime"] != nil && (top["run"] != nil || top["job"] != nil || top["dataset"] != nil):
		var run olRun
		err := readMember(opDetect, "run", top["run"], &run)
		return KindJob, strings.ToLower(run.RunID), err
	case isList("declarations"):
		return KindManifest, "", nil
	case isList("steps"):
		var id word
		err := readMember(opDetect, "id", top["id"], &id)
		return KindSteps, string(id), err
	}
	names := slices.Sorted(maps.Keys(top))
	return "", "", unknown("an object of " + strings.Join(names[:min(len(names), 8)], ", "))
}

func unknown(what string) error {
	return lineage.Invalid(opDetect, what+" is no manifest, reading or steps",
		"give a manifest, a plate reader's table, an Allotrope document of a plate reader or liquid handler, or wellspring.steps.v1")
}

func detectTable(payload []byte, limits Limits) (Kind, error) {
	t, err := readTable(opDetect, payload, limits)
	if err != nil {
		return "", err
	}
	for _, l := range t.lines {
		if blockColumns(l) > 0 {
			return KindReading, nil
		}
		manifest, reading := tableNames(l)
		switch {
		case manifest && reading:
			return "", &lineage.Error{Op: opDetect, Kind: lineage.ErrorAmbiguous, ID: l.place(),
				Hint: "send it as what it is: a manifest (wellspring.manifest.v1) or a reading (wellspring.measurement.v1)"}
		case manifest:
			return KindManifest, nil
		case reading:
			return KindReading, nil
		}
	}
	return "", unknown("a table without a known header")
}

// tableNames says of a line what it can be the header of.
func tableNames(l line) (manifest, reading bool) {
	has := map[string]bool{}
	measured := false
	for _, c := range l.cells {
		name := columnName(c)
		measured = measured || name != "concentration" && isMeasure(name)
		has[columns[name]] = true
		has["plan"] = has["plan"] || name == "plan"
		has["as "+readingColumns[name]] = true
	}
	names := 0
	for _, name := range []string{"run", "labware", "slot", "plate", "barcode", "well", "liquid", "command", "lot", "sample", "concentration", "volume_ul", "withdrawn", "experiment", "reading", "plan"} {
		if has[name] {
			names++
		}
	}
	manifest = names >= 2 && (has["lot"] || has["sample"] || has["barcode"] || has["liquid"] || has["command"] || has["withdrawn"] || has["experiment"] || has["run"] && has["plan"])
	reading = has["well"] && (has["as value"] || measured || has["concentration"] && (has["as read_at"] || !manifest))
	if reading && manifest && (measured || has["as value"]) && !has["lot"] && !has["liquid"] && !has["command"] && !has["withdrawn"] {
		manifest = false // values beside the samples' names, or the plate's barcode
	}
	return manifest, reading
}
