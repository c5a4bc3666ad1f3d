package app

import (
	"fmt"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"

	"wellspring/api"
	"wellspring/query"
	"wellspring/web"
)

// pages builds the pages that people look at.
func (a *App) pages(questions *query.Service) (*web.Pages, error) {
	return web.New(web.Options{
		Query:     questions,
		Pipeline:  a.processing(),
		Letters:   a.letters(),
		Access:    a.guard,
		API:       http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.rest.ServeHTTP(w, r) }),
		Status:    api.Status,
		Version:   Version().String(),
		Settings:  a.settings(),
		Modules:   modules(),
		GoVersion: Version().Go,
		Logger:    a.logger,
	})
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
