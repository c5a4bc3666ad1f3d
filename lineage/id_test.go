package lineage_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"wellspring/lineage"
)

// Anybody can compute an id again: it is of the JSON that is documented, whatever the
// parts are.
func TestAnIDIsOfItsParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "<&>", "µL\u2028", "\x7f\"\\\n", "plain", string([]byte{0xff})}))
		parts := rapid.SliceOfN(part, 0, 4).Draw(t, "parts")
		var name bytes.Buffer
		encoder := json.NewEncoder(&name)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(append([]string{string(lineage.KindStep)}, parts...)); err != nil {
			t.Fatal(err)
		}
		want := uuid.NewSHA1(lineage.Namespace, bytes.TrimSpace(name.Bytes()))
		if got := lineage.NewID(lineage.KindStep, parts...); got != want {
			t.Errorf("got %s, want %s, of %s", got, want, name.Bytes())
		}
	})
}
