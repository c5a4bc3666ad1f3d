package main

import (
	"errors"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"wellspring/app"
)

func newServe() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the service until Ctrl-C",
		Long: `Run the service: the REST interface, the MQTT door, the pipeline. It holds the data folder;
another service on the same folder is refused. Ctrl-C ends it: requests under way are
answered, and what is not processed yet is taken up at the next start.`,
		Example: `  wellspring serve
  wellspring serve --broker-listen 127.0.0.1:1883
  wellspring serve --listen :7117 --tls-cert cert.pem --tls-key key.pem
  wellspring serve --mqtt-url ssl://broker.lab:8883 --mqtt-ca ca.pem --mqtt-user wellspring
  WELLSPRING_NEO4J_PASSWORD=… wellspring serve --store neo4j --neo4j-uri neo4j://localhost:7687 --neo4j-user neo4j`,
		Args: invalidArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			o, err := options(cmd)
			if err != nil {
				return err
			}
			return serve(cmd, o, func(a *app.App) error {
				t := newTable(cmd.ErrOrStderr())
				t.line("wellspring %s", app.Version().Version)
				for _, line := range where(a, o) {
					t.row(line...)
				}
				return t.flush()
			})
		},
	}
}

// where tells where a service is to be found.
func where(a *app.App, o app.Options) [][]string {
	var lines [][]string
	if a.Addr() != "" {
		lines = append(lines, []string{"REST", a.URL()})
	}
	if a.Broker() != "" {
		lines = append(lines, []string{"MQTT broker", "mqtt://" + a.Broker()})
	}
	if o.MQTTURL != "" {
		lines = append(lines, []string{"MQTT from", o.MQTTURL})
	}
	graph := o.Store
	if o.Store == "neo4j" {
		graph += " at " + o.Neo4jURI
	}
	lines = append(lines, []string{"graph", graph})
	if second := o.SecondStore; second != "" {
		if second == "neo4j" {
			second += " at " + o.SecondNeo4jURI
		}
		lines = append(lines, []string{"second graph", second})
	}
	return append(lines, []string{"data", o.DataDir})
}

// errDone ends a service that has done what it was started for.
var errDone = errors.New("done")

// serve runs a service until the command's context ends. play is called once its
// doors are open; an error of it ends the service, errDone without being one.
func serve(cmd *cobra.Command, o app.Options, play func(*app.App) error) (err error) {
	a, err := app.New(cmd.Context(), o, newLogger(cmd.ErrOrStderr(), o))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	group, ctx := errgroup.WithContext(cmd.Context())
	group.Go(func() error { return a.Run(ctx) })
	group.Go(func() error {
		select {
		case <-a.Started():
			return play(a)
		case <-ctx.Done():
			return nil
		}
	})
	if err := group.Wait(); !errors.Is(err, errDone) {
		return err
	}
	return nil
}
