package main

import (
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	const events = `{"Action":"run","Package":"wellspring/ot2","Test":"TestDecode"}
{"Action":"output","Package":"wellspring/ot2","Test":"TestDecode","Output":"=== RUN   TestDecode\n"}
{"Action":"pass","Package":"wellspring/ot2","Test":"TestDecode"}
{"Action":"output","Package":"wellspring/ot2","Test":"TestReal","Output":"    real_test.go:9: no shared test data\n"}
{"Action":"output","Package":"wellspring/ot2","Test":"TestReal","Output":"--- SKIP: TestReal (0.00s)\n"}
{"Action":"skip","Package":"wellspring/ot2","Test":"TestReal"}
{"Action":"output","Package":"wellspring/ot2","Output":"ok  \twellspring/ot2\t0.01s\n"}
{"Action":"pass","Package":"wellspring/ot2"}
{"Action":"output","Package":"wellspring/etl","Test":"TestLoad","Output":"    load_test.go:3: got 2, want 1\n"}
{"Action":"fail","Package":"wellspring/etl","Test":"TestLoad"}
{"Action":"output","Package":"wellspring/etl","Output":"FAIL\twellspring/etl\t0.02s\n"}
{"Action":"fail","Package":"wellspring/etl"}
{"Action":"build-output","ImportPath":"wellspring/api","Output":"api/server.go:1:1: expected 'package'\n"}
{"Action":"fail","Package":"wellspring/api","FailedBuild":"wellspring/api"}
not an event
`
	const want = `ok  	wellspring/ot2	0.01s
    load_test.go:3: got 2, want 1
FAIL	wellspring/etl	0.02s
api/server.go:1:1: expected 'package'
not an event

======== SKIPPED: 1 tests did not run ========
   1 × no shared test data
       wellspring/ot2 TestReal

======== FAILED ========
       wellspring/etl TestLoad
       wellspring/api (the package: it did not build, panicked or ran out of time)

Total: 1 passed, 1 failed, 1 skipped
`
	var got strings.Builder
	r := newReport(&got)
	if err := r.read(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	r.summarize()
	if got.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", got.String(), want)
	}
}

func TestReasonOfSilentSkip(t *testing.T) {
	if got := reason([]string{"=== RUN   TestX\n", "--- SKIP: TestX (0.00s)\n"}); got != "it gave no reason" {
		t.Errorf("reason = %q", got)
	}
}

func TestReasonOverSeveralLines(t *testing.T) {
	got := reason([]string{"    x_test.go:1: no Neo4j:\n", "        set WELLSPRING_NEO4J_URI\n", "    --- SKIP: TestX (0.00s)\n"})
	if want := "no Neo4j: set WELLSPRING_NEO4J_URI"; got != want {
		t.Errorf("reason = %q, want %q", got, want)
	}
}
