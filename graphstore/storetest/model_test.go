package storetest_test

import (
	"testing"

	"wellspring/graphstore"
	"wellspring/graphstore/storetest"
)

func TestModel(t *testing.T) {
	storetest.Run(t, func(*testing.T) graphstore.Store { return storetest.NewModel() })
}
