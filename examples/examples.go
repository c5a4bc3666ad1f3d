// Package examples holds protocols of our own, their plans and run records, and
// what else a lab would have said about them. README.md tells their story.
//
// On the road of a fact it stands before the doors: the demo and tests send
// these files in as a robot, a person or an instrument would.
//
// It refuses real data: no robot and no sample took part.
package examples

import "embed"

// Files are the examples, by their paths in this folder: runs/assay_plate.json.
//
//go:embed analyses/*.json manifests plate-reader protocols/*.py runs
var Files embed.FS

// The run records of the assay's story, in Files.
const (
	StockDilution = "runs/stock_dilution.json"
	AssayPlate    = "runs/assay_plate.json"
)
