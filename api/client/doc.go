// Package client calls the REST interface. It is generated from the same
// contract as the server; the command line uses it, over the network or, with
// a transport that calls the handler, within the process.
//
// On the road of a fact it comes after the end: it asks.
//
// It refuses to interpret: an answer comes as it was sent.
package client

//go:generate go tool -modfile=../../tools/go.mod oapi-codegen -config client.cfg.yaml ../openapi.yaml
