package ledger

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"wellspring/evidence"
	"wellspring/lineage"
)

// Tile are the hashes of a tile of the tree; of level -1 it is a bundle of the public
// parts of entries.
func (l *Ledger) Tile(ctx context.Context, tile tlog.Tile) ([]byte, error) {
	const op = "read tile"
	width := int64(1) << evidence.TileHeight
	first := tile.N * width
	if have := l.Size() >> (evidence.TileHeight * max(0, tile.L)); tile.N > have || first+int64(tile.W) > have {
		return nil, lineage.NotFound(op, evidence.TilePath(tile), "the log is not that long: see its checkpoint, and name how many hashes the last tile of a level has")
	}
	if tile.L >= 0 {
		data, err := tlog.ReadTileData(tile, hashes(ctx, l.reads))
		if err != nil {
			return nil, failed(op, l.path, err)
		}
		return data, nil
	}
	page, err := l.List(ctx, evidence.Query{After: first, Below: first + int64(tile.W), Limit: int(width)})
	if err != nil {
		return nil, err
	}
	if len(page.Entries) != tile.W {
		return nil, failed(op, l.path, fmt.Errorf("of %d entries from %d on there are %d", tile.W, first, len(page.Entries)))
	}
	var bundle []byte
	for _, e := range page.Entries {
		if bundle, err = evidence.AppendBundle(bundle, e); err != nil {
			return nil, err
		}
	}
	return bundle, nil
}
