package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"wellspring/lineage"
)

// Running returns the base URL of the service that runs on a data folder, empty
// if none answers.
func Running(ctx context.Context, dataDir string) string {
	text, err := os.ReadFile(filepath.Join(dataDir, addressFile))
	if err != nil {
		return ""
	}
	base := "http://" + strings.TrimSpace(string(text))
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/healthz", nil)
	if err != nil {
		return ""
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "" // it did not take its address back: it died
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return ""
	}
	return base
}

// Lend runs the service for as long as one command needs it: on a port of
// loopback that nobody is told of, with no other door. It answers once all that
// it holds is in the graph; stop waits for the same, and ends it.
func Lend(ctx context.Context, options Options, logger *slog.Logger) (base string, stop func() error, err error) {
	options.Listen, options.BrokerListen, options.MQTTURL = "127.0.0.1:0", "", ""
	options.unannounced = true
	a, err := New(ctx, options, logger)
	if err != nil {
		return "", nil, err
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
			return "", nil, errors.Join(err, end())
		}
		return "http://" + a.Addr(), stop, nil
	case err := <-ended:
		cancel()
		if err == nil {
			err = &lineage.Error{Op: "start", Kind: lineage.ErrorInternal, Hint: "the service ended before it began"}
		}
		return "", nil, errors.Join(err, a.Close())
	}
}
