package app

import (
	"context"
	"time"

	"wellspring/ingest/mqtt/player"
	"wellspring/lineage"
)

// Play has a recorded run arrive at the embedded broker as if a robot did it
// now, compressed to a duration. sent is told how many commands are out.
func (a *App) Play(ctx context.Context, document []byte, duration time.Duration, sent func(sent, of int)) error {
	if a.broker == "" {
		return lineage.Invalid("play run", "broker-listen", "there is no embedded broker to play to")
	}
	return player.Play(ctx, document, player.Options{URL: "tcp://" + a.broker, Duration: duration, OnSent: sent})
}
