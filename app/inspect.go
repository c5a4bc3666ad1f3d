package app

import (
	"io"

	"wellspring/liquid"
	"wellspring/ot2"
)

// Inspection is what one document says by itself, without a database.
type Inspection struct {
	Run   ot2.Run
	Wells liquid.Inspected
	Edges liquid.InspectedEdges
}

// Inspect decodes a document and plays its commands. Labware that it carries
// no definition of is looked up in the folder o.LabwareDir.
func Inspect(r io.Reader, source string, o Options) (Inspection, error) {
	definitions, err := o.definitions()
	if err != nil {
		return Inspection{}, err
	}
	document, err := ot2.Decode(r, o.Limits())
	if err != nil {
		return Inspection{}, err
	}
	outcome := liquid.Fold(document.Run, liquid.Options{Definitions: definitions})
	in := Inspection{Run: document.Run, Wells: liquid.Inspection(document.Run, outcome), Edges: liquid.InspectionEdges(outcome)}
	in.Wells.Source, in.Edges.Source = source, source
	return in, nil
}

// definitions are those of the folder that was named; nil where none was.
func (o Options) definitions() (ot2.Definitions, error) {
	if o.LabwareDir == "" {
		return nil, nil
	}
	return ot2.LoadDefinitions(o.LabwareDir)
}
