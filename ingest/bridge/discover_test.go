package bridge_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/mdns"

	"wellspring/ingest/bridge"
	"wellspring/ingest/bridge/robottest"
	"wellspring/lineage"
)

func entry(t *testing.T, name, address string) *mdns.ServiceEntry {
	t.Helper()
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return &mdns.ServiceEntry{Name: name, AddrV4: net.ParseIP(host), Port: port}
}

// Of what answers in a network, robots are those that say so when they are asked;
// each once, whatever else is there.
func TestDiscover(t *testing.T) {
	robot := robottest.New(t)
	printer := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(printer.Close)
	untouched := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("what is no robot was asked") }))
	t.Cleanup(untouched.Close)
	network := func(_ context.Context, params *mdns.QueryParam) error {
		if params.Service != "_http._tcp" {
			t.Errorf("asked for %s", params.Service)
		}
		params.Entries <- entry(t, "opentrons-left._http._tcp.local.", robot.Address())
		params.Entries <- entry(t, "opentrons-printer._http._tcp.local.", printer.Listener.Addr().String())
		params.Entries <- entry(t, "nas._http._tcp.local.", untouched.Listener.Addr().String())
		params.Entries <- entry(t, "opentrons-left._http._tcp.local.", robot.Address())
		params.Entries <- &mdns.ServiceEntry{Name: "opentrons-nowhere", Port: 31950}
		return nil
	}
	got, err := bridge.Discover(t.Context(), time.Second, network)
	if err != nil {
		t.Fatal(err)
	}
	want := []bridge.Found{{Name: "left-bench", Address: robot.Address(), Serial: "OT2CEP20190604A02", Software: "8.1.0"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := bridge.Discover(t.Context(), time.Second, func(context.Context, *mdns.QueryParam) error { return errors.New("no multicast") }); lineage.KindOf(err) != lineage.ErrorUnavailable {
		t.Errorf("got %v, want that it is unavailable", err)
	}
}
