package mqtt_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"wellspring/ingest/broker"
)

// startBroker is a broker under test; stop and start keep its address and files.
type testBroker struct {
	url   string
	start func(t *testing.T)
	stop  func(t *testing.T)
}

// brokers are the brokers that the door must work with.
func brokers() map[string]func(t *testing.T) *testBroker {
	return map[string]func(t *testing.T) *testBroker{"embedded": embedded, "mosquitto": mosquitto}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func embedded(t *testing.T) *testBroker {
	address, dir := freeAddress(t), t.TempDir()
	var running *broker.Broker
	b := &testBroker{url: "tcp://" + address}
	b.start = func(t *testing.T) {
		t.Helper()
		var err error
		if running, err = broker.Start(address, dir, 1<<20, logger(t)); err != nil {
			t.Fatal(err)
		}
	}
	b.stop = func(t *testing.T) {
		t.Helper()
		if running == nil {
			return
		}
		if err := running.Close(); err != nil {
			t.Error(err)
		}
		running = nil
	}
	b.start(t)
	t.Cleanup(func() { b.stop(t) })
	return b
}

func mosquitto(t *testing.T) *testBroker { return mosquittoWith(t, "allow_anonymous true\n") }

// mosquittoWith starts a mosquitto with more lines of configuration.
func mosquittoWith(t *testing.T, lines string) *testBroker {
	binary, err := exec.LookPath("mosquitto")
	if err != nil {
		if binary = "/usr/sbin/mosquitto"; !exists(binary) {
			t.Skip("no mosquitto on this machine (Debian: apt-get install mosquitto)")
		}
	}
	address, dir := freeAddress(t), t.TempDir()
	_, port, _ := net.SplitHostPort(address)
	config := filepath.Join(dir, "mosquitto.conf")
	// As deploy/mosquitto/mosquitto.conf: what is queued for us is never dropped.
	text := fmt.Sprintf("listener %s 127.0.0.1\npersistence true\npersistence_location %s/\nmax_queued_messages 0\nuser root\n", port, dir) + lines
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var process *exec.Cmd
	b := &testBroker{url: "tcp://" + address}
	b.start = func(t *testing.T) {
		t.Helper()
		process = exec.Command(binary, "-c", config)
		if err := process.Start(); err != nil {
			t.Fatal(err)
		}
		waitListening(t, address)
	}
	b.stop = func(t *testing.T) {
		t.Helper()
		if process == nil {
			return
		}
		if err := process.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		_ = process.Wait() // it ends by the signal
		process = nil
	}
	b.start(t)
	t.Cleanup(func() { b.stop(t) })
	return b
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func waitListening(t *testing.T, address string) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for range 500 {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return
		}
		<-ticker.C
	}
	t.Fatalf("nothing listens on %s", address)
}

// publisher is a client that a test publishes with.
func publisher(t *testing.T, url string) paho.Client {
	t.Helper()
	client := paho.NewClient(paho.NewClientOptions().AddBroker(url).SetClientID("publisher").SetConnectTimeout(10 * time.Second).SetAutoReconnect(false))
	done(t, client.Connect())
	t.Cleanup(func() { client.Disconnect(100) })
	return client
}

func done(t *testing.T, token paho.Token) {
	t.Helper()
	if !token.WaitTimeout(20 * time.Second) {
		t.Fatal("the broker did not answer")
	}
	if err := token.Error(); err != nil {
		t.Fatal(err)
	}
}
