package api

import (
	"bytes"
	"context"
	"strings"

	"wellspring/evidence"
)

// tilesPath begins the paths of tiles, as c2sp.org/tlog-tiles has them below /v1/log.
const tilesPath = "/v1/log/tile/"

// What a tile holds stays, what the newest checkpoint is does not. Neither is for
// caches that others share: it took a login.
const (
	cacheTile       = "private, max-age=31536000, immutable"
	cacheCheckpoint = "private, no-cache"
)

// tilePath escapes the slashes in the number of a tile, which is one parameter of
// the contract.
func tilePath(path string) string {
	rest, is := strings.CutPrefix(path, tilesPath)
	level, number, named := strings.Cut(rest, "/")
	if !is || !named {
		return path
	}
	return tilesPath + level + "/" + strings.ReplaceAll(number, "/", "%2F")
}

func (s *server) GetLogCheckpoint(ctx context.Context, _ GetLogCheckpointRequestObject) (GetLogCheckpointResponseObject, error) {
	signed, err := s.Evidence.CheckpointAt(ctx, s.Evidence.Size())
	return GetLogCheckpoint200TextResponse{Body: string(signed), Headers: GetLogCheckpoint200ResponseHeaders{CacheControl: cacheCheckpoint}}, err
}

func (s *server) GetLogTile(ctx context.Context, request GetLogTileRequestObject) (GetLogTileResponseObject, error) {
	tile, err := evidence.ParseTile(request.Level, request.Tile)
	if err != nil {
		return nil, err
	}
	data, err := s.Evidence.Tile(ctx, tile)
	return GetLogTile200ApplicationOctetStreamResponse{
		Body: bytes.NewReader(data), ContentLength: int64(len(data)), Headers: GetLogTile200ResponseHeaders{CacheControl: cacheTile},
	}, err
}
