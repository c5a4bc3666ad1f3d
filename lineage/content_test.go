package lineage_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"wellspring/lineage"
)

// drawnAttributes are attributes of every type, odd text and numbers among them.
func drawnAttributes(t *rapid.T) lineage.Attributes {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "<&>", "µL\u2028", "\x7f\"\\\n", "plain", string([]byte{0xff})}))
	number := rapid.OneOf(rapid.Float64Range(-1e300, 1e300), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1e-7, 9.9e-7, 1e-6, 1e20, 1e21, 0.1, 12.5, -3}))
	attributes := lineage.Attributes{}
	for range rapid.IntRange(0, 12).Draw(t, "attributes") {
		var value any
		switch rapid.IntRange(0, 4).Draw(t, "type") {
		case 0:
			value = text.Draw(t, "text")
		case 1:
			value = rapid.Bool().Draw(t, "flag")
		case 2:
			value = number.Draw(t, "number")
		case 3:
			value = rapid.SliceOfN(text, 0, 3).Draw(t, "texts")
		default:
			value = rapid.SliceOfN(number, 0, 3).Draw(t, "numbers")
		}
		attributes[text.Draw(t, "key")] = value
	}
	return attributes
}

// Content hashes are kept in stores: they are of the bytes that encoding/json
// writes, whoever writes them.
func TestCanonicalIsWhatJSONWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		attributes := drawnAttributes(t)
		want, err := json.Marshal(map[string]any(attributes))
		if err != nil {
			t.Fatal(err)
		}
		got, err := attributes.AppendJSON(nil)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("got  %s, %v\nwant %s", got, err, want)
		}
		node := lineage.Node{Kind: lineage.KindWellState, Name: "a <b> µ", Attributes: attributes}
		var line bytes.Buffer
		if err := json.NewEncoder(&line).Encode([]any{node.Kind, node.Name, map[string]any(attributes)}); err != nil {
			t.Fatal(err)
		}
		hash, text, err := node.Content()
		if err != nil || hash != sha256.Sum256(line.Bytes()) {
			t.Errorf("the hash of a node is not that of %s (%v)", line.Bytes(), err)
		}
		if text != string(want) {
			t.Errorf("the attributes of a node are written as %s, want %s", text, want)
		}
	})
}

func TestGraphIsWrittenAsJSONWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := func(name string) lineage.ID {
			return lineage.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, name))
		}
		at := time.Unix(0, rapid.Int64().Draw(t, "at")).UTC()
		node := lineage.Node{ID: id("id"), Kind: lineage.KindLot, Name: rapid.String().Draw(t, "name"), Attributes: drawnAttributes(t), CreatedAt: at}
		edge := lineage.Edge{SourceID: id("source"), TargetID: id("target"), RelationshipType: lineage.DerivedFrom,
			TransformationID: id("transformation"), CreatedAt: at, Attributes: drawnAttributes(t)}
		for _, thing := range []interface {
			AppendJSON(b []byte) ([]byte, error)
		}{node, edge, lineage.Node{}, lineage.Edge{}} {
			want, err := json.Marshal(thing)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := thing.AppendJSON([]byte("x")); err != nil || string(got) != "x"+string(want) {
				t.Fatalf("got  %s, %v\nwant x%s", got, err, want)
			}
		}
	})
}

// What says nothing is written in one way.
func TestNothingIsWrittenInOneWay(t *testing.T) {
	for _, same := range [][2]lineage.Attributes{
		{nil, {}},
		{{"a": []string(nil)}, {"a": []string{}}},
		{{"a": []float64(nil)}, {"a": []string{}}},
	} {
		one, err := lineage.Edge{Attributes: same[0]}.ContentHash()
		if err != nil {
			t.Fatal(err)
		}
		other, err := lineage.Edge{Attributes: same[1]}.ContentHash()
		if err != nil || one != other {
			t.Errorf("%v and %v have two hashes (%v)", same[0], same[1], err)
		}
	}
}

func TestWhatIsNoNumberHasNoHash(t *testing.T) {
	_, err := lineage.Edge{Attributes: lineage.Attributes{"a": math.NaN()}}.ContentHash()
	if lineage.KindOf(err) != lineage.ErrorInvalid {
		t.Errorf("got %v, want an error of kind %s", err, lineage.ErrorInvalid)
	}
}

// What is the same has one hash.
func TestSame(t *testing.T) {
	attributes := rapid.MapOfN(rapid.SampledFrom([]string{"a", "b"}), rapid.OneOf(
		rapid.Just[any](true), rapid.Just[any]("x"), rapid.Just[any]("1"), rapid.Just[any](1.0), rapid.Just[any](0.0), rapid.Just[any](math.Copysign(0, -1)),
		rapid.Just[any]([]string{}), rapid.Just[any]([]string{"x"}), rapid.Just[any]([]float64{1}), rapid.Just[any]([]float64{1, 2}),
	), 0, 2)
	rapid.Check(t, func(t *rapid.T) {
		node := func() lineage.Node {
			return lineage.Node{Name: rapid.SampledFrom([]string{"n", "m"}).Draw(t, "name"), Attributes: attributes.Draw(t, "attributes")}
		}
		a, b := node(), node()
		one, _ := a.ContentHash()
		two, _ := b.ContentHash()
		if a.Same(b) != (one == two) {
			t.Fatalf("%+v and %+v: the same %t, one hash %t", a, b, a.Same(b), one == two)
		}
		e, f := lineage.Edge{Attributes: a.Attributes}, lineage.Edge{Attributes: b.Attributes}
		one, _ = e.ContentHash()
		two, _ = f.ContentHash()
		if e.Same(f) != (one == two) {
			t.Fatalf("%+v and %+v: the same %t, one hash %t", e, f, e.Same(f), one == two)
		}
	})
}
