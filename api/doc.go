// Package api is the REST interface: openapi.yaml is the contract, written
// first; the Echo server is generated from it, and every request is checked
// against it.
//
// On the road of a fact it stands at both ends: it is the HTTP door, which
// hands what it receives to an Intake, and it gives out what package query answers.
//
// It refuses to have opinions of its own: it imports no engine, and every error
// becomes a problem in one place.
package api

//go:generate go tool -modfile=../tools/go.mod oapi-codegen -config server.cfg.yaml openapi.yaml
