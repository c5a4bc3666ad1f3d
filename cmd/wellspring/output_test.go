package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTablesFitTheTerminal(t *testing.T) {
	for width, want := range map[int]string{
		0:  "RUN                                   STATUS     N\n5a6cd99d-ef02-48c9-bbdc-2d93e3a166ab  succeeded  177\n",
		40: "RUN                       STATUS     N\n5a6cd99d-ef02-48c9-bbdc…  succeeded  177\n",
		10: "RUN        STATUS     N\n5a6cd99d…  succeeded  177\n", // what names a thing stays
	} {
		var out strings.Builder
		table := newTable(&out)
		table.width = width
		table.row("RUN", "STATUS", "N")
		table.row("5a6cd99d-ef02-48c9-bbdc-2d93e3a166ab", "succeeded", "177")
		if err := table.flush(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("%d columns: %s", width, diff)
		}
	}
}
