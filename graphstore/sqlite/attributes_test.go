package sqlite

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"wellspring/lineage"
)

// TestAttributesAreReadAsWritten compares the decoder with lineage's own.
func TestAttributesAreReadAsWritten(t *testing.T) {
	value := rapid.OneOf(
		rapid.String().AsAny(), rapid.Bool().AsAny(),
		rapid.Float64().Filter(func(f float64) bool { return f-f == 0 }).AsAny(),
		rapid.SliceOf(rapid.String()).AsAny(),
		rapid.SliceOf(rapid.Float64().Filter(func(f float64) bool { return f-f == 0 })).AsAny(),
	)
	d := newDecoder()
	rapid.Check(t, func(rt *rapid.T) {
		attributes := lineage.Attributes(rapid.MapOf(rapid.String(), value).Draw(rt, "attributes"))
		if attributes.Check() != nil {
			rt.Skip("not to be kept")
		}
		text, err := attributes.AppendJSON(nil)
		if err != nil {
			rt.Fatal(err)
		}
		var want lineage.Attributes
		if err := want.UnmarshalJSON(text); err != nil {
			rt.Fatal(err)
		}
		got, err := d.attributes(text)
		if err != nil {
			rt.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("%s (-want +got):\n%s", text, diff)
		}
	})
}

func TestDamagedAttributesAreRefused(t *testing.T) {
	for _, text := range []string{"", "{", `{"a"`, `{"a":}`, `{"a":[1,"b"]}`, `{"a":["b",1]}`, `{"a":null}`, `{"a":{}}`, `[]`, `{"a":1}}`, `{"a":tru}`} {
		if a, err := newDecoder().attributes([]byte(text)); err == nil {
			t.Errorf("%s was read as %v", text, a)
		}
	}
}

// BenchmarkAttributes reads what a well state has to say, by the decoder and by
// encoding/json.
func BenchmarkAttributes(b *testing.B) {
	text := []byte(`{"command":"dilute-017","labware":"plate","originFractions":[0.1,0.9],"originIds":["6fcb514b-b878-5c9b-ad2f-000000000000",` +
		`"7fcb514b-b878-5c9b-ad2f-000000000000"],"run":"dilution-1-000001","sequence":117,"volumeUl":200,"well":"B3"}`)
	b.Run("decoder", func(b *testing.B) {
		d := newDecoder()
		for b.Loop() {
			if _, err := d.attributes(text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		for b.Loop() {
			var a lineage.Attributes
			if err := a.UnmarshalJSON(text); err != nil {
				b.Fatal(err)
			}
		}
	})
}
