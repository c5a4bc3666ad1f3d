package app

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"wellspring/lineage"
)

// Running returns the service that runs on a data folder; ok is false if none answers.
func Running(ctx context.Context, dataDir string) (s Service, ok bool) {
	text, err := os.ReadFile(filepath.Join(dataDir, serviceFile))
	if err != nil || json.Unmarshal(text, &s) != nil {
		return Service{}, false
	}
	client, err := s.Client()
	if err != nil {
		return Service{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/healthz", nil)
	if err != nil {
		return Service{}, false
	}
	response, err := client.Do(request)
	if err != nil {
		return Service{}, false // it did not take its address back: it died
	}
	_ = response.Body.Close()
	return s, response.StatusCode == http.StatusOK
}

// Lend runs the service for as long as one command needs it: on a port of
// loopback that nobody is told of, with no other door, and for nobody but who has
// its token. It answers once all that it holds is in the graph; stop waits for the
// same, and ends it.
func Lend(ctx context.Context, options Options, logger *slog.Logger) (s Service, stop func() error, err error) {
	options.Listen, options.BrokerListen, options.MQTTURL, options.TLSCert, options.TLSKey = "127.0.0.1:0", "", "", "", ""
	options.Robot, options.EvidenceAnchors = nil, nil
	options.unannounced = true
	a, err := New(ctx, options, logger)
	if err != nil {
		return Service{}, nil, err
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- a.Run(running) }()
	end := func() error {
		cancel()
		return errors.Join(<-ended, a.Close())
	}
	stop = func() error { return errors.Join(a.Settle(ctx), end()) }
	select {
	case <-a.Started():
		if err := a.Settle(ctx); err != nil {
			return Service{}, nil, errors.Join(err, end())
		}
		return a.service(), stop, nil
	case err := <-ended:
		cancel()
		if err == nil {
			err = &lineage.Error{Op: "start", Kind: lineage.ErrorInternal, Hint: "the service ended before it began"}
		}
		return Service{}, nil, errors.Join(err, a.Close())
	}
}
