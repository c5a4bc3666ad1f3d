// Command wellspring is the provenance service for Opentrons OT-2 liquid
// handlers and its command line: thin commands over package app and the REST
// client. It computes nothing itself.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newRoot().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "wellspring:", printable(err.Error()))
		os.Exit(exitCode(err))
	}
}
