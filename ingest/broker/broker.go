// Package broker is an MQTT broker inside the process, for a lab that has
// none: the MQTT side of a NATS server, whose streams hold messages on disk
// until they are acknowledged.
//
// On the road of a fact it stands before the MQTT door, which is its client
// like any other.
//
// It refuses the network: it has no login, so it listens on loopback only. A
// lab's own broker, such as mosquitto, is the way beyond it.
package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"wellspring/lineage"
)

const (
	opStart = "start MQTT broker"
	// startTime is how long the broker may take to open its files.
	startTime = 20 * time.Second
	// ackWait is after how long a message that was not acknowledged is sent again.
	ackWait = 5 * time.Second
	// window is how many unacknowledged messages a subscription may hold.
	window = 1024
)

// Broker is a running broker.
type Broker struct {
	server  *server.Server
	address string
}

// Start starts a broker that listens on a loopback address and keeps its
// messages in dir. Port 0 takes a free one.
func Start(listen, dir string, maxBytes int64, logger *slog.Logger) (*Broker, error) {
	host, port, err := loopback(listen)
	if err != nil {
		return nil, err
	}
	if port == 0 {
		port = -1 // a free one, in the server's words
	}
	options := &server.Options{
		ServerName: "wellspring",
		DontListen: true, // nobody speaks NATS here
		NoSigs:     true,
		JetStream:  true,
		StoreDir:   dir,
		SyncAlways: true, // a message that was acknowledged is on disk
		MaxPayload: int32(min(maxBytes, server.MAX_PAYLOAD_MAX_SIZE)),
		MQTT:       server.MQTTOpts{Host: host, Port: port, AckWait: ackWait, MaxAckPending: window},
	}
	options.MaxPending = max(server.MAX_PENDING_SIZE, 2*int64(options.MaxPayload))
	s, err := server.NewServer(options)
	if err != nil {
		return nil, &lineage.Error{Op: opStart, Kind: lineage.ErrorInternal, ID: listen, Err: err}
	}
	told := &log{logger: logger, fatal: make(chan string, 1)}
	s.SetLogger(told, false, false)
	go s.Start()
	if err := ready(s, told.fatal); err != nil {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, &lineage.Error{Op: opStart, Kind: lineage.ErrorConflict, ID: listen,
			Hint: "does another program listen there, or can its folder not be written?", Err: err}
	}
	return &Broker{server: s, address: net.JoinHostPort(host, strconv.Itoa(options.MQTT.Port))}, nil
}

// ready waits until the server listens, or says why it never will.
func ready(s *server.Server, fatal <-chan string) error {
	const look = 50 * time.Millisecond
	for range int(startTime / look) {
		if s.ReadyForConnections(look) {
			return nil
		}
		select {
		case reason := <-fatal:
			return errors.New(reason)
		default:
		}
	}
	return errors.New("it did not start in time")
}

func loopback(listen string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(listen)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	if err != nil {
		return "", 0, &lineage.Error{Op: opStart, Kind: lineage.ErrorInvalid, ID: listen, Hint: "use an address such as 127.0.0.1:1883", Err: err}
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", 0, lineage.Invalid(opStart, listen, "it has no login, so it listens on loopback only")
	}
	return host, port, nil
}

// Addr is where the broker listens, host:port.
func (b *Broker) Addr() string { return b.address }

// Close stops the broker and waits for it. What was not delivered stays in its
// folder.
func (b *Broker) Close() error {
	b.server.Shutdown()
	b.server.WaitForShutdown()
	return nil
}

// log hands on what the server says. It must not end the process, whatever it says.
type log struct {
	logger *slog.Logger
	fatal  chan string // the first thing that keeps the server from running
}

func (l *log) say(level slog.Level, format string, v ...any) {
	l.logger.Log(context.Background(), level, "broker: "+fmt.Sprintf(format, v...))
}

func (l *log) Noticef(format string, v ...any) { l.say(slog.LevelDebug, format, v...) }
func (l *log) Warnf(format string, v ...any)   { l.say(slog.LevelWarn, format, v...) }
func (l *log) Fatalf(format string, v ...any) {
	l.say(slog.LevelError, format, v...)
	select {
	case l.fatal <- fmt.Sprintf(format, v...):
	default:
	}
}

func (l *log) Errorf(format string, v ...any) { l.say(slog.LevelError, format, v...) }
func (l *log) Debugf(format string, v ...any) { l.say(slog.LevelDebug, format, v...) }
func (l *log) Tracef(format string, v ...any) { l.say(slog.LevelDebug, format, v...) }
