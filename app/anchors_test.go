package app_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"wellspring/api"
	"wellspring/app"
	"wellspring/evidence"
	"wellspring/evidence/verify"
	"wellspring/examples"
	"wellspring/internal/tsatest"
)

// A service leaves its checkpoints in a file, with a second service and at an
// authority; a package carries what came back, and each is asked for by itself.
func TestAnchors(t *testing.T) {
	tsa := tsatest.New(t)
	dir, file := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "checkpoints")
	key := ""
	t.Run("the first start makes the key", func(t *testing.T) {
		a := start(t, func(o *app.Options) { o.DataDir = dir })
		key = get[api.SignedCheckpoint](t, a, "/v1/checkpoint").Keys[0].Verifier
	})
	second := start(t, func(o *app.Options) { o.EvidenceWitnessFor = []string{key} })
	witness := get[api.Witness](t, second, "/v1/witness")
	if len(witness.Logs) != 0 {
		t.Errorf("it has seen %+v", witness.Logs)
	}
	a := start(t, func(o *app.Options) {
		o.DataDir, o.EvidenceAnchorEvery = dir, time.Millisecond
		o.EvidenceAnchors = []string{"file=" + file, "witness=" + second.URL() + "/v1/witness/", "timestamp=" + tsa.URL}
		o.EvidenceWitnessKeys, o.EvidenceTimestampCA = []string{witness.Key}, tsa.Roots
	})
	if status, text := request(t, a, http.MethodPost, "/v1/runs?wait=30", example(t, examples.StockDilution)); status != http.StatusOK {
		t.Fatalf("import: %d %s", status, text)
	}
	logged(t, a, 1)
	size := get[api.LogEntries](t, a, "/v1/log/entries").Size
	anchored := map[string]int64{}
	for begin := time.Now(); len(anchored) < 3; {
		for _, found := range get[api.Anchors](t, a, "/v1/log/anchors?limit=1000").Anchors {
			c, err := evidence.ReadUnsigned([]byte(found.Checkpoint))
			if err != nil {
				t.Fatal(err)
			}
			if c.Size >= size {
				anchored[found.Kind] = c.Size
			}
		}
		if time.Since(begin) > time.Minute {
			t.Fatalf("after a minute there are %v", anchored)
		}
	}
	if seen := get[api.Witness](t, second, "/v1/witness").Logs; len(seen) != 1 || seen[0].Size < size {
		t.Errorf("the witness has seen %+v", seen)
	}
	export := decode[api.Export](t, post(t, a, "/v1/exports?about=run&selector=latest&wait=30"))
	_, text := request(t, a, http.MethodGet, "/v1/exports/"+export.ID+"/package", nil)
	options := verify.Options{Keys: []string{key}}
	r, err := verify.Archive(bytes.NewReader([]byte(text)), int64(len(text)), options)
	if err != nil || !r.Valid || len(r.Anchors) != 3 {
		t.Fatalf("%+v %v", r, err)
	}
	options.Trust.Witnesses = append(options.Trust.Witnesses, must(evidence.ReadWitness(witness.Key)))
	options.Trust.Roots = must(evidence.ReadRoots(must(os.ReadFile(tsa.Roots))))
	options.Checkpoints = must(evidence.SplitCheckpoints(must(os.ReadFile(file))))
	if r, err = verify.Archive(bytes.NewReader([]byte(text)), int64(len(text)), options); err != nil || !r.Valid {
		t.Errorf("%+v %v", r.Faults, err)
	}
}

// post asks for something to be done, and returns the answer.
func post(t *testing.T, a *app.App, path string) string {
	t.Helper()
	status, text := request(t, a, http.MethodPost, path, nil)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", path, status, text)
	}
	return text
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
