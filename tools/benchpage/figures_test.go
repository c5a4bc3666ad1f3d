package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const output = `goos: linux
goarch: amd64
pkg: wellspring/liquid
cpu: A processor
BenchmarkFold/normalize-2   	     100	   2000000 ns/op	   51200 B/op	      12 allocs/op	    410000 commands/s	   53.14 p50-ms	   1500000 p99-ns	   2097152 peak-bytes
BenchmarkFold/normalize-2   	     100	   2100000 ns/op	   51200 B/op	      12 allocs/op	    400000 commands/s	   53.14 p50-ms	   1500000 p99-ns	   2097152 peak-bytes
BenchmarkFold/normalize-2   	     100	   1900000 ns/op	   51200 B/op	      12 allocs/op	    420000 commands/s	   53.14 p50-ms	   1500000 p99-ns	   2097152 peak-bytes
PASS
ok  	wellspring/liquid	1.2s
pkg: wellspring/ot2
BenchmarkDecode-2   	     100	   1500 ns/op
BenchmarkDecode-2   	     100	   1500 ns/op
PASS
`

func TestFiguresBecomeTables(t *testing.T) {
	f, err := read(strings.NewReader(output), "bench.txt")
	if err != nil {
		t.Fatal(err)
	}
	page, err := between("# Speed\n\nWhy.\n\n"+begin+"\nold\n"+end+"\n\nAfter.\n", f.markdown(f.machine+", go1, commit abc"))
	if err != nil {
		t.Fatal(err)
	}
	want := `# Speed

Why.

` + begin + `

Measured on linux/amd64, A processor, go1, commit abc. Each figure is the median of at least 2 runs, ± half of its 95 % confidence interval where that many runs have one.

### wellspring/liquid

| benchmark | time | memory | allocations | besides |
|---|--:|--:|--:|---|
| ` + "`Fold/normalize`" + ` | 2.000 ms | 50.00 KiB | 12.00 | 410.0k commands/s; p50 53.14 ms; p99 1.500 ms; peak 2.000 MiB |

### wellspring/ot2

| benchmark | time | memory | allocations | besides |
|---|--:|--:|--:|---|
| ` + "`Decode`" + ` | 1.500 µs |  |  |  |

` + end + `

After.
`
	if diff := cmp.Diff(want, page); diff != "" {
		t.Errorf("the page (-want +got):\n%s", diff)
	}
	again, err := between(page, f.markdown(f.machine+", go1, commit abc"))
	if err != nil {
		t.Fatal(err)
	}
	if again != page {
		t.Errorf("a second time changes the page:\n%s", cmp.Diff(page, again))
	}
}

func TestAPageWithoutMarkersIsLeftAlone(t *testing.T) {
	for _, page := range []string{"", "# Speed\n", begin + "\n", end + "\n"} {
		if got, err := between(page, "figures"); err == nil {
			t.Errorf("%q became %q, want an error", page, got)
		}
	}
}

func TestNoMeasurementIsAnError(t *testing.T) {
	if _, err := read(strings.NewReader("PASS\n"), "bench.txt"); err == nil {
		t.Error("want an error")
	}
}
