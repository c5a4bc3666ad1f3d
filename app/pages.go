package app

import (
	"context"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"

	"wellspring/api"
	"wellspring/ingest"
	"wellspring/ingest/intake"
	"wellspring/ingest/journal"
	"wellspring/lineage"
	"wellspring/query"
	"wellspring/web"
)

// pages builds the pages that people look at.
func (a *App) pages(questions *query.Service) (*web.Pages, error) {
	return web.New(web.Options{
		Query:     questions,
		Pipeline:  pipeline{a.states, a.pipeline},
		Letters:   letters{a.journal, a.pipeline},
		Declare:   a.declare,
		Access:    a.guard,
		Status:    api.Status,
		Version:   Version().String(),
		Settings:  a.settings(),
		Modules:   modules(),
		GoVersion: Version().Go,
		Logger:    a.logger,
	})
}

// declare takes a manifest in that a person made on a page.
func (a *App) declare(ctx context.Context, manifest []byte) (lineage.Owner, journal.Position, error) {
	receipts, err := a.intake.Accept(ctx, intake.Message{Door: "http", Payload: manifest, Type: ingest.TypeManifest, Policy: intake.Strict})
	if err != nil {
		return "", "", err
	}
	return lineage.Owner(receipts[0].Subject), receipts[0].Position, nil
}

// settings is the configuration in force, secrets masked.
func (a *App) settings() []web.Setting {
	help := make(map[string]string)
	for _, s := range Settings() {
		help[s.Name] = s.Help
	}
	inForce := a.options.InForce()
	var all []web.Setting
	for _, name := range slices.Sorted(maps.Keys(inForce)) {
		all = append(all, web.Setting{Name: name, Value: fmt.Sprint(inForce[name]), Help: help[name]})
	}
	return all
}

// modules are the libraries that the program is built with.
func modules() []web.Module {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	var all []web.Module
	for _, m := range info.Deps {
		all = append(all, web.Module{Path: m.Path, Version: m.Version})
	}
	return all
}
