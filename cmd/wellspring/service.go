package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"wellspring/api/client"
	"wellspring/app"
	"wellspring/lineage"
)

// service is the REST interface that a command asks.
type service struct {
	*client.ClientWithResponses
	base string
}

// withService runs ask with the service at --server, else the one that runs on
// the data folder, else one that is started for this command alone.
func withService(cmd *cobra.Command, ask func(*service) error) error {
	return withServiceAs(cmd, "", ask)
}

// withServiceAs is withService, asked with a key; empty: as the machine, or by
// the token of the settings.
func withServiceAs(cmd *cobra.Command, key string, ask func(*service) error) (err error) {
	o, err := options(cmd)
	if err != nil {
		return err
	}
	at, ok, err := running(cmd, o)
	if err != nil {
		return err
	}
	if !ok {
		if !cmd.Flags().Changed("log-level") {
			o.LogLevel = "error" // the command's own output says what went wrong
		}
		var stop func() error
		if at, stop, err = app.Lend(cmd.Context(), o, newLogger(cmd.ErrOrStderr(), o)); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	at.Token = cmp.Or(key, at.Token)
	s, err := newService(cmd, at)
	if err != nil {
		return err
	}
	return ask(s)
}

// running is the service at --server, else the one that runs on the data folder.
func running(cmd *cobra.Command, o app.Options) (at app.Service, ok bool, err error) {
	base, err := cmd.Flags().GetString("server")
	if err != nil {
		return app.Service{}, false, err
	}
	if base != "" {
		return o.At(base), true, nil
	}
	at, ok = app.Running(cmd.Context(), o.DataDir)
	return at, ok, nil
}

// newService is the service at an address.
func newService(cmd *cobra.Command, at app.Service) (*service, error) {
	wrong := lineage.Invalid("find the service", at.URL, "use an address such as http://127.0.0.1:7117")
	if u, err := url.Parse(at.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, wrong
	}
	reason, err := cmd.Flags().GetString("reason")
	if err != nil {
		return nil, err
	}
	with, err := at.Client()
	if err != nil {
		return nil, err
	}
	c, err := client.NewClientWithResponses(at.URL, client.WithHTTPClient(with), client.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		if reason != "" {
			r.Header.Set("Wellspring-Reason", reason)
		}
		return nil
	}))
	if err != nil {
		return nil, wrong
	}
	return &service{c, at.URL}, nil
}

// unreachable is a call that got no answer.
func (s *service) unreachable(err error) error {
	return &lineage.Error{Op: "ask the service", Kind: lineage.ErrorUnavailable, ID: s.base, Hint: "is it running? see its log", Err: err}
}

// refused is the error that an answer other than the wanted one is.
func refused(response *http.Response, body []byte) error {
	var p client.Problem
	if err := json.Unmarshal(body, &p); err != nil || p.Kind == "" {
		return &lineage.Error{Op: "ask the service", Kind: lineage.ErrorInternal, ID: response.Status, Hint: "is this a Wellspring service?"}
	}
	e := &lineage.Error{
		Op: cmp.Or(deref(p.Op), "ask the service"), Kind: lineage.ErrorKind(p.Kind), ID: deref(p.ID), Hint: deref(p.Hint),
	}
	if e.ID == "" && e.Hint == "" {
		e.Err = errors.New(p.Detail)
	}
	if p.Candidates != nil {
		var list strings.Builder
		for _, c := range *p.Candidates {
			fmt.Fprintf(&list, "\n  %s  %s %q, %s", c.ID, c.Kind, c.Name, c.Where)
		}
		e.Hint += list.String()
	}
	return e
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// set is a pointer to v where v says something.
func set[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
