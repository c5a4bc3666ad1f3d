// Withneo4j runs a command beside one Neo4j server that its tests share:
//
//	go run ./internal/neo4jtest/withneo4j go test ./...
//
// The server's address is in the command's environment; both end together. If
// WELLSPRING_NEO4J_URI is set already, or there is nothing to start a server with, it
// just runs the command.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"wellspring/internal/neo4jtest"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: withneo4j COMMAND [ARGUMENT...]")
		os.Exit(2)
	}
	os.Exit(run(os.Args[1:]))
}

func run(command []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if os.Getenv(neo4jtest.EnvURI) == "" {
		server, err := neo4jtest.Start(ctx)
		if err != nil {
			// The tests say so again, and whether it matters.
			fmt.Fprintln(os.Stderr, "withneo4j:", err)
		} else {
			defer server.Stop()
			cmd.Env = append(os.Environ(), neo4jtest.EnvURI+"="+server.URI)
			fmt.Fprintf(os.Stderr, "withneo4j: %s, Browser at %s/browser/\n", server.URI, server.HTTP)
		}
	}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return max(exit.ExitCode(), 1)
	}
	fmt.Fprintln(os.Stderr, "withneo4j:", err)
	return 1
}
