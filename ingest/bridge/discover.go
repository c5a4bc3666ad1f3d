package bridge

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/mdns"

	"wellspring/lineage"
)

// Found is a robot that answered in the network.
type Found struct {
	Name     string `json:"name"`    // what it calls itself
	Address  string `json:"address"` // as option robot takes it
	Serial   string `json:"serial"`
	Software string `json:"software"`
}

// Query asks the network for services by multicast DNS until a time has passed,
// and puts each answer into the channel; mdns.QueryContext does.
type Query func(ctx context.Context, params *mdns.QueryParam) error

// Discover asks the network for robots and returns those that answer as an OT-2,
// by address. A robot announces itself as _http._tcp on port 31950, as other things
// may: so each is asked who it is. query nil: the network.
func Discover(ctx context.Context, wait time.Duration, query Query) ([]Found, error) {
	if query == nil {
		query = mdns.QueryContext
	}
	entries := make(chan *mdns.ServiceEntry, 256)
	err := query(ctx, &mdns.QueryParam{
		Service: "_http._tcp", Domain: "local", Timeout: wait, Entries: entries, DisableIPv6: true,
		Logger: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	})
	close(entries)
	if err != nil {
		return nil, &lineage.Error{Op: "discover robots", Kind: lineage.ErrorUnavailable, Hint: "multicast may not be allowed here: give the robot's address by hand", Err: err}
	}
	asked := map[string]bool{}
	found := []Found{}
	for entry := range entries {
		if entry.AddrV4 == nil || !announces(entry) {
			continue
		}
		address := net.JoinHostPort(entry.AddrV4.String(), strconv.Itoa(entry.Port))
		if asked[address] {
			continue
		}
		asked[address] = true
		if f, ok := whoIs(ctx, address); ok {
			found = append(found, f)
		}
	}
	slices.SortFunc(found, func(a, b Found) int { return strings.Compare(a.Address, b.Address) })
	return found, nil
}

// announces reports whether an answer may be a robot's: it has its port.
func announces(entry *mdns.ServiceEntry) bool {
	return strconv.Itoa(entry.Port) == httpPort || strings.Contains(strings.ToLower(entry.Name), "opentrons")
}

// whoIs asks an address whether it is an OT-2.
func whoIs(ctx context.Context, address string) (Found, bool) {
	c := newClient(Address{URL: "http://" + address}, 1, 1<<20)
	defer c.close()
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	var said health
	if c.get(ctx, &said, nil, "health") != nil || !strings.HasPrefix(said.Model, "OT-2") {
		return Found{}, false
	}
	return Found{Name: said.Name, Address: strings.TrimSuffix(address, ":"+httpPort), Serial: said.Serial, Software: said.Software}, true
}
