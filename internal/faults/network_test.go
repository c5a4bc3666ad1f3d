package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"wellspring/internal/testruns"
)

// wire is a proxy before a server, whose connections can be cut, slow or silent.
type wire struct {
	slow     atomic.Int64 // ns that each piece takes
	silent   atomic.Bool  // connections are taken, and nothing comes through until it ends
	lossy    atomic.Bool  // what is sent is lost, and nobody is told
	address  string
	target   string
	mu       sync.Mutex
	open     map[net.Conn]bool
	down     bool
	listener net.Listener
}

func newWire(t testing.TB, target string) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{address: listener.Addr().String(), target: target, open: map[net.Conn]bool{}, listener: listener}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { w.carry(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		w.silent.Store(false)
		w.cut(true)
		all.Wait()
	})
	return w
}

// carry connects one connection through, until either end or the wire is cut.
func (w *wire) carry(here net.Conn) {
	defer here.Close()
	there, err := net.Dial("tcp", w.target)
	if err != nil {
		return
	}
	defer there.Close()
	w.mu.Lock()
	if w.down {
		w.mu.Unlock()
		return
	}
	w.open[here], w.open[there] = true, true
	w.mu.Unlock()
	var both sync.WaitGroup
	for _, ends := range [][2]net.Conn{{here, there}, {there, here}} {
		both.Go(func() {
			_, _ = io.Copy(ends[0], slowly{ends[1], w})
			_ = here.Close()
			_ = there.Close()
		})
	}
	both.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.open, here)
	delete(w.open, there)
}

// slowly is a reader that takes its time.
type slowly struct {
	io.Reader
	w *wire
}

func (s slowly) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if each := s.w.slow.Load(); each > 0 {
		<-time.After(time.Duration(each)) // the slowness is the test
	}
	for s.w.silent.Load() {
		<-time.After(10 * time.Millisecond) // as long as the test says
	}
	if s.w.lossy.Load() {
		n = 0
	}
	return n, err
}

// cut cuts what is connected; while it is down nothing comes through.
func (w *wire) cut(down bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = down
	for conn := range w.open {
		_ = conn.Close()
	}
}

func (w *wire) mend() { w.cut(false) }

// A broker is killed with messages queued, and started again; the wire to it is
// cut. What it acknowledged comes in.
func TestBrokerIsKilled(t *testing.T) {
	n := min(rounds(t, 2), 50)
	program, err := exec.LookPath("mosquitto")
	if err != nil {
		if _, err = os.Stat("/usr/sbin/mosquitto"); err != nil {
			t.Skip("mosquitto is not installed")
		}
		program = "/usr/sbin/mosquitto"
	}
	b := &broker{t: t, program: program, dir: t.TempDir()}
	b.configure()
	b.start()
	w := newWire(t, b.address)
	settings := []string{"WELLSPRING_MQTT_URL=tcp://" + w.address}
	dir := filepath.Join(t.TempDir(), "data")
	s := launch(t, dir, settings...)
	if s == nil {
		t.Fatal("it did not start")
	}
	// A broker keeps for who has subscribed once.
	until(t, "the subscription", func() bool {
		b.publish("first")
		status, _, _ := s.get(t.Context(), "/v1/processing/run:first")
		return status == http.StatusOK
	})
	runs := map[string]bool{"first": true}
	for i := range n {
		runs[b.publish(fmt.Sprintf("live-%d", i))] = true
		if err := s.terminate(); err != nil {
			t.Errorf("it ended with: %v", err)
		}
		runs[b.publish(fmt.Sprintf("queued-%d", i))] = true
		b.save()
		b.kill()
		b.start()
		if s = launch(t, dir, settings...); s == nil {
			t.Fatal("it did not start again")
		}
		w.cut(true)
		runs[b.publish(fmt.Sprintf("cut-%d", i))] = true
		w.mend()
	}
	for run := range runs {
		until(t, "run "+run, func() bool {
			status, _, _ := s.get(context.Background(), "/v1/processing/run:"+run)
			return status == http.StatusOK
		})
	}
	if err := s.terminate(); err != nil {
		t.Errorf("it ended with: %v", err)
	}
	verdict(t, dir, runs)
}

// broker is a mosquitto that keeps its queues on disk.
type broker struct {
	t            testing.TB
	program, dir string
	address      string
	cmd          *exec.Cmd
}

func (b *broker) configure() {
	b.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.t.Fatal(err)
	}
	b.address = listener.Addr().String()
	if err := listener.Close(); err != nil {
		b.t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(b.address)
	if err != nil {
		b.t.Fatal(err)
	}
	user := ""
	if os.Getuid() == 0 {
		user = "user root\n"
	}
	text := user + "listener " + port + " 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location " + b.dir +
		"/\nmax_queued_messages 0\n"
	if err := os.WriteFile(filepath.Join(b.dir, "mosquitto.conf"), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *broker) start() {
	b.t.Helper()
	b.cmd = exec.Command(b.program, "-c", filepath.Join(b.dir, "mosquitto.conf"))
	if err := b.cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(b.kill)
	until(b.t, "the broker", func() bool {
		conn, err := net.Dial("tcp", b.address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

func (b *broker) kill() {
	_ = b.cmd.Process.Kill() // it may be gone
	_ = b.cmd.Wait()
}

// save has the broker write its queues: mosquitto acknowledges before it does.
func (b *broker) save() {
	b.t.Helper()
	file := filepath.Join(b.dir, "mosquitto.db")
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		b.t.Fatal(err)
	}
	if err := b.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		b.t.Fatal(err)
	}
	until(b.t, "the broker's file", func() bool {
		_, err := os.Stat(file)
		return err == nil
	})
}

// publish sends a run and waits until the broker has it.
func (b *broker) publish(run string) string {
	b.t.Helper()
	client := mqtt.NewClient(mqtt.NewClientOptions().AddBroker("tcp://" + b.address).SetClientID("publisher").SetAutoReconnect(false))
	for _, step := range []func() mqtt.Token{
		client.Connect,
		func() mqtt.Token {
			return client.Publish("wellspring/v1/run/"+run, 1, false, testruns.New(testruns.Normalize, run, 40).Document())
		},
	} {
		token := step()
		if !token.WaitTimeout(time.Minute) || token.Error() != nil {
			b.t.Fatalf("publish: %v", token.Error())
		}
	}
	client.Disconnect(250)
	return run
}
