package etl_test

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// Each history of a property runs on real engines: fewer than rapid's default
	// of 100, unless the command line asks for another number.
	if err := flag.Set("rapid.checks", "8"); err != nil {
		println(err.Error())
		os.Exit(2)
	}
	goleak.VerifyTestMain(m)
}
