package intake

import (
	"bytes"
	"fmt"
	"strings"

	"wellspring/bench"
	"wellspring/ingest"
	"wellspring/lineage"
	"wellspring/ot2"
)

// other files a payload of the bench: a manifest, a reading, or steps by others.
// notRun is why it is no run, where its sender did not say what it is.
func (in *Intake) other(kind, subject string, f *filed, notRun error) error {
	found, run, err := bench.Detect(f.data, in.options.BenchLimits)
	if kind != "" {
		f.kind = kind
		if kind != ingest.TypeSteps && kind != ingest.TypeJob {
			found, err = "", nil // its sender knows what it is; a table may look like either
		}
	}
	switch {
	case err != nil && kind == "" && found == "" && !isTable(f.data) && lineage.KindOf(err) == lineage.ErrorInvalid:
		return notRun // neither: the hint about runs helps more
	case err != nil:
		return err
	case kind == ingest.TypeSteps && found != bench.KindSteps:
		return &lineage.Error{Op: op, Kind: lineage.ErrorConflict, ID: "type " + kind, Hint: fmt.Sprintf("send it as what it is: a %s", found)}
	case kind == ingest.TypeJob && found != bench.KindJob:
		return &lineage.Error{Op: op, Kind: lineage.ErrorConflict, ID: "type " + kind, Hint: fmt.Sprintf("send it as what it is: a %s", found)}
	case found == bench.KindJob && run == "":
		return lineage.Invalid(op, "run.runId", "send RunEvents of OpenLineage: each names its run by a UUID")
	case found == bench.KindSteps && run == "":
		return lineage.Invalid(op, "id", "give the steps an id that no others have, as a run has one")
	}
	switch {
	case kind == ingest.TypeManifest || found == bench.KindManifest:
		f.kind, f.subject = ingest.TypeManifest, "manifest:"+f.hash
	case kind == ingest.TypeReading || found == bench.KindReading:
		f.kind, f.subject = ingest.TypeReading, "measurement:"+f.hash
	case kind == ingest.TypeJob || found == bench.KindJob:
		f.kind, f.subject = ingest.TypeJob, "job:"+run
	default:
		f.kind, f.subject = ingest.TypeSteps, string(lineage.RunOwner(run))
	}
	switch {
	case len(run) > maxName:
		return tooLong(run)
	case f.kind == ingest.TypeSteps && subject != "" && strings.TrimPrefix(subject, "run:") != run:
		return &lineage.Error{Op: op, Kind: lineage.ErrorConflict, ID: clip(f.subject), Hint: "send a payload under the run that it is about",
			Err: fmt.Errorf("it was sent as %s", clip(subject))}
	}
	return nil
}

func isObject(data []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) }

// isTable reports whether a payload could be meant as a table.
func isTable(data []byte) bool { return !isObject(data) && bytes.ContainsAny(data, ",;\t") }

func tooLong(id string) error {
	return &lineage.Error{Op: op, Kind: lineage.ErrorTooLarge, ID: clip(id), Hint: fmt.Sprintf("use an id of at most %d bytes", maxName)}
}

// check decodes a payload in full.
func (in *Intake) check(name string, f filed) error {
	var err error
	switch f.kind {
	case ingest.TypeRun, ingest.TypePlan:
		err = ot2.Check(bytes.NewReader(f.data), in.options.Limits)
	case ingest.TypeManifest:
		_, err = bench.DecodeManifest(name, f.data, in.options.BenchLimits)
	case ingest.TypeReading:
		_, err = bench.DecodeReading(f.data, in.options.BenchLimits)
	case ingest.TypeJob:
		_, err = bench.DecodeJobEvent(f.data, in.options.BenchLimits)
	case ingest.TypeSteps:
		_, err = bench.DecodeSteps(name, f.data, in.options.BenchLimits)
	}
	return err
}
