package app

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"wellspring/api"
	"wellspring/ingest/broker"
	"wellspring/ingest/intake"
	"wellspring/ingest/mqtt"
	"wellspring/lineage"
)

// patience is how long a request under way is waited for when the service ends.
const patience = 10 * time.Second

// open opens the doors, says so, and closes them when ctx ends.
func (a *App) open(ctx context.Context) (err error) {
	group, ctx := errgroup.WithContext(ctx)
	// Whatever stops this half-way, what was started is stopped and waited for.
	ctx, cancel := context.WithCancel(ctx)
	defer func() { err = errors.Join(err, group.Wait()) }()
	defer func() {
		if err != nil {
			cancel()
		}
	}()

	url := a.options.MQTTURL
	if a.options.BrokerListen != "" {
		embedded, err := broker.Start(a.options.BrokerListen, filepath.Join(a.options.DataDir, "broker"), a.options.MaxBytes, a.logger)
		if err != nil {
			return err
		}
		a.broker = embedded.Addr()
		if url == "" {
			url = "tcp://" + a.broker
		}
		group.Go(func() error {
			<-ctx.Done()
			return embedded.Close()
		})
	}
	if a.options.Listen != "" {
		if err := a.serve(ctx, group); err != nil {
			return err
		}
	}
	if url != "" {
		listening := make(chan struct{})
		door, err := a.mqttDoor(url, sync.OnceFunc(func() { close(listening) }))
		if err != nil {
			return err
		}
		group.Go(func() error { return door.Run(ctx) })
		if a.broker != "" && a.options.MQTTURL == "" {
			// Nobody keeps what is published to a broker that has no subscriber yet.
			select {
			case <-listening:
			case <-ctx.Done():
				return nil // its cause is the group's
			}
		}
	}
	a.readRobots(ctx, group)
	close(a.started)
	return nil
}

func (a *App) mqttDoor(url string, listening func()) (*mqtt.Door, error) {
	o := mqtt.Options{
		URL: url, ClientID: a.options.MQTTClientID, Topics: a.options.MQTTTopics,
		User: a.options.MQTTUser, Password: a.options.MQTTPassword, Logger: a.logger,
		OnConnection: func(up bool) {
			if up {
				listening()
			}
		},
	}
	if a.options.MQTTMappings != "" {
		var err error
		if o.Mappings, err = mqtt.LoadMappings(a.options.MQTTMappings); err != nil {
			return nil, err
		}
	}
	if a.options.MQTTCA != "" || a.options.MQTTCert != "" || a.options.MQTTKey != "" {
		var err error
		if o.TLS, err = mqtt.LoadTLS(a.options.MQTTCA, a.options.MQTTCert, a.options.MQTTKey); err != nil {
			return nil, err
		}
	}
	return mqtt.New(o, a.intake)
}

func (a *App) serve(ctx context.Context, group *errgroup.Group) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.options.Listen)
	if err != nil {
		return &lineage.Error{Op: "serve", Kind: lineage.ErrorConflict, ID: a.options.Listen, Hint: "another program listens there? choose another address with listen", Err: err}
	}
	a.address = listener.Addr().String()
	server := &http.Server{
		Handler:           a.handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(a.logger.Handler(), slog.LevelWarn),
	}
	forget := func() {}
	if !a.options.unannounced {
		if forget, err = announce(a.options.DataDir, a.service()); err != nil {
			return errors.Join(err, listener.Close())
		}
	}
	group.Go(func() error {
		serve := server.Serve
		if a.certificate != nil {
			server.TLSConfig = a.certificate.config()
			serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
		}
		if err := serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		forget()
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		if err := server.Shutdown(closing); err != nil {
			return errors.Join(err, server.Close())
		}
		return nil
	})
	return nil
}

// httpDoor lets the REST interface take documents in.
type httpDoor struct{ intake *intake.Intake }

func (d httpDoor) Accept(ctx context.Context, messages ...api.Message) ([]api.Receipt, error) {
	taken := make([]intake.Message, len(messages))
	for i, m := range messages {
		taken[i] = intake.Message{Door: "http", Payload: m.Payload, Type: m.Type, Policy: intake.Strict}
	}
	receipts, err := d.intake.Accept(ctx, taken...)
	if err != nil {
		return nil, err
	}
	answer := make([]api.Receipt, len(receipts))
	for i, r := range receipts {
		answer[i] = api.Receipt{Source: r.Source, ID: r.ID, Subject: r.Subject, Position: r.Position, Duplicate: r.Duplicate}
	}
	return answer, nil
}

const serviceFile = "service.json"

// service is how the machine's own programs find the service and get in.
func (a *App) service() Service {
	s := Service{URL: "http://" + a.address, Token: a.localToken}
	if a.certificate != nil {
		s.URL, s.Certificate = "https://"+a.address, a.certificate.leaf()
	}
	return s
}

// announce writes down where the service of a data folder listens, for the
// commands that look for it: who can read the folder is let in. forget takes it back.
func announce(dataDir string, s Service) (forget func(), err error) {
	path := filepath.Join(dataDir, serviceFile)
	text, err := json.Marshal(s)
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		return nil, &lineage.Error{Op: "serve", Kind: lineage.ErrorUnavailable, ID: path, Err: err}
	}
	return func() { _ = os.Remove(path) }, nil
}
