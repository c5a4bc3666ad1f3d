package ingest

import (
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
)

// The CloudEvents types that Wellspring understands. A payload is filed under
// one of them by the door; data is JSON unless the type says otherwise.
const (
	TypeRun      = "wellspring.ot2.run.v1"      // a run document or fragment, any shape that ot2.Decode reads
	TypePlan     = "wellspring.ot2.analysis.v1" // an analysis
	TypeManifest = "wellspring.manifest.v1"     // lots, samples and barcodes declared
	TypeReading  = "wellspring.measurement.v1"  // a plate reader's document
	TypeSteps    = "wellspring.steps.v1"        // a run of other hands than an OT-2's: bench.DecodeSteps reads it
	TypeJob      = "wellspring.job.v1"          // a RunEvent of OpenLineage: somebody else's processing
	TypeUnknown  = "wellspring.unknown.v1"      // acknowledged, but nothing we can read: for the dead letters
)

// Envelope is a CloudEvents 1.0 event as the journal keeps it. Source and ID
// identify it; Subject names the owner it belongs to ("run:<id>", "plan:<id>", …);
// Time is the device's clock. The data is the payload, redacted.
type Envelope struct {
	Event    cloudevents.Event
	Observed time.Time // our clock, when the door received it
	Hash     string    // SHA-256, hex, of the payload as received, before redaction
	Redacted []string  // the places from which something was taken
	Door     string    // files, http, mqtt
	Reason   string    // of TypeUnknown: why it could not be read
}
