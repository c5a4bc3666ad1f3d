package project

import (
	"encoding/json"

	"wellspring/bench"
	"wellspring/etl/benchindex"
	"wellspring/lineage"
)

// bound is the most JSON that a dataset of a document holds.
const bound = 256 << 10

// Manifest projects a manifest or a correction: the document, and the lots,
// samples and plates that it names. What it says of a run is in the run's part.
func Manifest(owner lineage.Owner, said []benchindex.Declared) (lineage.Projection, error) {
	d := newDocument(owner)
	declarations := make([]bench.Declaration, len(said))
	for i, s := range said {
		declarations[i] = s.Declaration
		for _, node := range filledWith(s.Lot, s.Sample) {
			d.nodes[node.ID] = node
		}
		if s.Experiment != "" {
			node := Experiment(s.Experiment)
			d.nodes[node.ID] = node
		}
		if s.Barcode != "" {
			d.nodes[lineage.PhysicalLabwareID(s.Barcode)] = PhysicalLabware(s.Barcode)
		}
	}
	attrs := attributes{}.number("total", float64(len(said)))
	if len(said) > 0 {
		attrs.time(lineage.AttrAt, said[0].SaidAt).text("who", said[0].Who).text("why", said[0].Why)
	}
	if err := d.dataset(Declarations, declarations, attrs); err != nil {
		return lineage.Projection{}, err
	}
	return d.projection(), nil
}

// document collects the projection of one document.
type document struct {
	owner lineage.Owner
	nodes map[lineage.ID]lineage.Node
	edges []lineage.Edge
}

func newDocument(owner lineage.Owner) *document {
	return &document{owner: owner, nodes: map[lineage.ID]lineage.Node{}}
}

// dataset adds a dataset with its content as JSON, as far as that is not over the bound.
func (d *document) dataset(what string, content any, attrs attributes) error {
	text, err := json.Marshal(content)
	if err != nil {
		return &lineage.Error{Op: "project document", Kind: lineage.ErrorInvalid, ID: what, Hint: "it holds a value that JSON can't", Err: err}
	}
	attrs["truncated"] = len(text) > bound
	if len(text) > bound {
		text = nil
	}
	id := DatasetID(d.owner, what)
	d.nodes[id] = lineage.Node{
		ID: id, Kind: lineage.KindDataset, Name: what + " of " + string(d.owner),
		Attributes: lineage.Attributes(attrs.text("what", what).text("owner", string(d.owner)).text("content", string(text))),
	}
	return nil
}

func (d *document) projection() lineage.Projection {
	p := lineage.Projection{Owner: d.owner, Edges: d.edges}
	for _, n := range d.nodes {
		p.Nodes = append(p.Nodes, n)
	}
	p.Sort()
	return p
}
