package evidence

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"wellspring/lineage"
)

// TileHeight is that of all tiles: 256 hashes wide.
const TileHeight = 8

// ParseTile reads the end of a path of c2sp.org/tlog-tiles: a level or "entries", and
// the number. The tile of entries has level -1.
func ParseTile(level, number string) (tlog.Tile, error) {
	if level == "entries" {
		level = "data" // as sumdb calls it
	}
	tile, err := tlog.ParseTilePath(fmt.Sprintf("tile/%d/%s/%s", TileHeight, level, number))
	if err != nil {
		return tile, &lineage.Error{Op: "read request", Kind: lineage.ErrorInvalid, ID: "tile", Hint: "name it as c2sp.org/tlog-tiles does, such as 0/x001/067 or entries/000.p/5", Err: err}
	}
	return tile, nil
}

// TilePath is the path of a tile below the log's prefix, as c2sp.org/tlog-tiles has it.
func TilePath(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", TileHeight))
	if rest, entries := strings.CutPrefix(path, "data/"); entries {
		path = "entries/" + rest
	}
	return "tile/" + path
}

// AppendBundle appends an entry to a bundle of c2sp.org/tlog-tiles: after its length.
func AppendBundle(bundle []byte, entry Entry) ([]byte, error) {
	if len(entry.Public) > math.MaxUint16 {
		return nil, &lineage.Error{Op: "read tile", Kind: lineage.ErrorTooLarge, ID: fmt.Sprintf("entry %d", entry.Index), Hint: "it is longer than a bundle may hold: ask for it with /v1/log/entries"}
	}
	return append(binary.BigEndian.AppendUint16(bundle, uint16(len(entry.Public))), entry.Public...), nil
}
