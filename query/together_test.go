package query

import (
	"errors"
	"testing"
)

func TestTogether(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	fine := func() error { return nil }
	if err := together(fine, func() error { return first }, func() error { return second }); !errors.Is(err, first) {
		t.Errorf("error %v, want the first", err)
	}
	if err := together(fine, fine); err != nil {
		t.Error(err)
	}
	defer func() {
		if cause := recover(); cause != "a bug" {
			t.Errorf("it panics with %v", cause)
		}
	}()
	_ = together(fine, func() error { panic("a bug") })
	t.Error("a panic was lost")
}
