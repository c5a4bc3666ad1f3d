package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
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
func withService(cmd *cobra.Command, ask func(*service) error) (err error) {
	o, err := options(cmd)
	if err != nil {
		return err
	}
	base, err := cmd.Flags().GetString("server")
	if err != nil {
		return err
	}
	if base == "" {
		base = app.Running(cmd.Context(), o.DataDir)
	}
	if base == "" {
		if !cmd.Flags().Changed("log-level") {
			o.LogLevel = "error" // the command's own output says what went wrong
		}
		var stop func() error
		if base, stop, err = app.Lend(cmd.Context(), o, newLogger(cmd.ErrOrStderr(), o)); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	s, err := newService(base)
	if err != nil {
		return err
	}
	return ask(s)
}

// newService is the service at base.
func newService(base string) (*service, error) {
	c, err := client.NewClientWithResponses(strings.TrimSuffix(base, "/"))
	if err != nil {
		return nil, lineage.Invalid("find the service", base, "use an address such as http://127.0.0.1:7117")
	}
	return &service{c, base}, nil
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
