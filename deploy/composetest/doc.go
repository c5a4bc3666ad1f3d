// Package composetest checks docker-compose.yml without Docker: the file is
// loaded, interpolated and validated as Compose does it, and what the runbook
// relies on is asserted.
//
// On the road of a fact it stands beside it: it looks at how the parts are put
// together for somebody who runs them.
//
// It refuses to be part of the product's module: compose-go would bring some
// twenty modules into a go.mod that lists what the product runs on.
package composetest
