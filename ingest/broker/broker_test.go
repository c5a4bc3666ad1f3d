package broker_test

import (
	"log/slog"
	"net"
	"testing"

	"go.uber.org/goleak"

	"wellspring/ingest/broker"
	"wellspring/lineage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(listen, dir string) (*broker.Broker, error) {
	return broker.Start(listen, dir, 1<<20, slog.New(slog.DiscardHandler))
}

// It starts where it is told, tells where it listens, stops, and starts again in its folder.
func TestStartAndStop(t *testing.T) {
	dir, address := t.TempDir(), "127.0.0.1:0"
	for range 3 {
		b, err := start(address, dir)
		if err != nil {
			t.Fatal(err)
		}
		address = b.Addr()
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Errorf("nothing listens on %s: %v", address, err)
		} else if err := conn.Close(); err != nil {
			t.Error(err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		if conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address); err == nil {
			t.Errorf("something listens on %s after Close", address)
			_ = conn.Close()
		}
	}
}

func TestTwoAtOnce(t *testing.T) {
	var brokers []*broker.Broker
	for range 2 {
		b, err := start("127.0.0.1:0", t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		brokers = append(brokers, b)
	}
	if brokers[0].Addr() == brokers[1].Addr() {
		t.Errorf("both listen on %s", brokers[0].Addr())
	}
	if _, err := start(brokers[0].Addr(), t.TempDir()); lineage.KindOf(err) != lineage.ErrorConflict {
		t.Errorf("a third one on the first one's address: %v, want kind conflict", err)
	}
	for _, b := range brokers {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestStartRefuses(t *testing.T) {
	for _, listen := range []string{"0.0.0.0:0", ":1883", "192.0.2.1:1883", "broker.lab:1883", "127.0.0.1", "127.0.0.1:mqtt", ""} {
		if b, err := start(listen, t.TempDir()); lineage.KindOf(err) != lineage.ErrorInvalid {
			t.Errorf("%q: %v, want kind invalid", listen, err)
			if b != nil {
				_ = b.Close()
			}
		}
	}
}
