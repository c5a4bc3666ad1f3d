package bridge_test

import (
	"log/slog"
	"net"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"wellspring/ingest/bridge"
	"wellspring/ingest/bridge/robottest"
	"wellspring/ingest/broker"
)

// hinting is a lab whose robot publishes its hints to a broker, and whose bridge
// looks at nothing without one.
func hinting(t *testing.T) (l *lab, kill func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := broker.Start(address, t.TempDir(), 1<<20, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	kill = func() {
		if !closed {
			closed = true
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(kill)
	client := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + address).SetClientID("robot-server-1").SetAutoReconnect(false))
	if token := client.Connect(); !token.WaitTimeout(20*time.Second) || token.Error() != nil {
		t.Fatalf("the robot can't reach its broker: %v", token.Error())
	}
	t.Cleanup(func() { client.Disconnect(100) })
	l = newLab(t)
	l.robot.Hint = func(topic string) {
		if token := client.Publish(topic, 1, false, `{"refetch": true}`); !token.WaitTimeout(20 * time.Second) {
			t.Error("the hint was not published")
		}
	}
	l.options.Robot.MQTT = address
	return l, kill
}

// With hints a run is followed to its record without a look in between.
func TestHintsAreFollowed(t *testing.T) {
	l, _ := hinting(t)
	l.options.Poll, l.options.Longest = time.Hour, time.Second
	l.start()
	l.await("it listens", func(s bridge.State) bool { return s.Hints == "on" && s.State == bridge.Idle })
	run := l.robot.Create(robottest.FailsMidway)
	l.await("the run was seen", func(s bridge.State) bool { return s.Current == run.ID })
	l.robot.Play()
	for n := range 4 {
		l.robot.Step(1)
		l.await("the command ended", func(s bridge.State) bool { return len(s.Runs) == 1 && s.Runs[0].Commands == n+1 })
	}
	l.robot.Finish()
	l.robot.Save()
	l.harvested(1)
	l.equalsFile(robottest.FailsMidway, run.ID, true)

	// Of a death nothing is hinted at; of the next creation it is.
	l.robot.Whole(robottest.TwoTransfers, "second")
	l.harvested(2)
}

// Without its broker a robot is polled, and misses nothing.
func TestABrokerThatDies(t *testing.T) {
	l, kill := hinting(t)
	l.start()
	l.await("it listens", func(s bridge.State) bool { return s.Hints == "on" && s.State == bridge.Idle })
	kill()
	l.await("it no longer listens", func(s bridge.State) bool { return s.Hints == "waiting" })
	l.robot.Hint = func(string) {}
	run := l.robot.Create(robottest.TwoTransfers)
	l.await("the run was seen", func(s bridge.State) bool { return s.Current == run.ID })
	l.robot.Play()
	l.robot.Step(4)
	l.await("its commands are read", func(s bridge.State) bool { return s.Runs[0].Commands == 4 })
	l.robot.Finish()
	l.robot.Save()
	l.harvested(1)
	l.equalsFile(robottest.TwoTransfers, run.ID, true)
}
