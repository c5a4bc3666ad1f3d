package web

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"wellspring/access"
	"wellspring/etl"
	"wellspring/lineage"
	"wellspring/query"
)

// declareData is the page on which a person says what was in a well.
type declareData struct {
	Of       string
	Fields   declaration
	By       string
	Fixed    bool // who declares is known from the login
	Reason   string
	Wells    []string
	Liquids  []lineage.Node
	Labware  lineage.Node
	Run      lineage.Node
	Targets  []choice
	Preview  *etl.Preview
	Manifest string
	Said     string
	Failed   bool
	Problem  string
}

// declaration is what the form has; the members are the columns of a manifest.
type declaration struct {
	Target        string `json:"-"` // well, liquid, labware
	Run           string `json:"run,omitempty"`
	Labware       string `json:"labware,omitempty"`
	Plate         string `json:"plate,omitempty"`
	Well          string `json:"well,omitempty"`
	Liquid        string `json:"liquid,omitempty"`
	Lot           string `json:"lot,omitempty"`
	Sample        string `json:"sample,omitempty"`
	Barcode       string `json:"barcode,omitempty"`
	Concentration string `json:"concentration,omitempty"`
	Unit          string `json:"unit,omitempty"`
	Analyte       string `json:"analyte,omitempty"`
}

// manifest is a document of people: wellspring.manifest.v1.
type manifest struct {
	By           string        `json:"by,omitempty"`
	Reason       string        `json:"reason,omitempty"`
	At           string        `json:"at"`
	Declarations []declaration `json:"declarations"`
}

// declareForm shows the form, and behind it what a preview found.
func (p *Pages) declareForm(r *http.Request) (view, error) {
	d, err := p.declaring(r)
	return view{template: "declare", Title: "Declare", Section: "declare", Wide: true, Data: d}, err
}

// declaring reads what the form was filled with, and what there is to choose from.
func (p *Pages) declaring(r *http.Request) (declareData, error) {
	value := func(name string) string { return strings.TrimSpace(r.FormValue(name)) }
	d := declareData{Of: value("of"), Reason: value("reason"), By: value("by"), Fields: declaration{
		Target: value("target"), Well: value("well"), Liquid: value("liquid"), Lot: value("lot"), Sample: value("sample"), Barcode: value("barcode"),
		Concentration: value("concentration"), Unit: value("unit"), Analyte: value("analyte"),
	}}
	if who, ok := access.From(r.Context()); ok && who.Means != access.ByMachine {
		d.By, d.Fixed = who.Name, true
	}
	if d.Of == "" {
		return d, nil
	}
	of := d.Of
	node, err := p.Query.Resolve(r.Context(), of, time.Time{})
	if err != nil {
		return d, err
	}
	if node.Kind == lineage.KindWellState { // of the plate, with the well chosen
		well, err := p.Query.WellAt(r.Context(), of, time.Time{}, time.Time{})
		if err != nil {
			return d, err
		}
		d.Fields.Well, d.Fields.Target = cmp.Or(d.Fields.Well, well.Well), cmp.Or(d.Fields.Target, "well")
		of = query.JoinSelector(well.Run, attr(well.Labware, lineage.AttrLabware))
	}
	plate, err := p.Query.Plate(r.Context(), of, time.Time{})
	if err != nil {
		return d, err
	}
	run, err := p.Query.Run(r.Context(), query.SelectorOf(plate.Run), time.Time{})
	if err != nil {
		return d, err
	}
	d.Labware, d.Run, d.Liquids = plate.Labware, plate.Run, run.Liquids
	for _, well := range plate.Wells {
		d.Wells = append(d.Wells, well.Well)
	}
	d.Fields.Run, d.Fields.Labware = attr(plate.Run, lineage.AttrRun), attr(plate.Labware, lineage.AttrLabware)
	d.Fields.Target = cmp.Or(d.Fields.Target, "well")
	return d, nil
}

// preview says what the declaration would change, and changes nothing.
func (p *Pages) preview(r *http.Request) (view, error) {
	d, err := p.declaring(r)
	if err != nil {
		return view{}, err
	}
	v := view{template: "declare", Title: "Declare", Section: "declare", Wide: true}
	text, err := d.manifest(time.Now())
	if err == nil {
		var preview etl.Preview
		if _, err = p.rest(r, http.MethodPost, "/v1/declarations/preview", text, "", &preview); err == nil {
			d.Preview, d.Manifest = &preview, string(text)
		}
	}
	switch lineage.KindOf(err) {
	case "":
	case lineage.ErrorInvalid: // the form stays, with what is wrong with it
		d.Problem, v.status = err.Error(), p.Status(err)
	default:
		return view{}, err
	}
	v.Data = d
	return v, nil
}

// manifest writes the declaration down.
func (d declareData) manifest(now time.Time) ([]byte, error) {
	const op = "declare"
	said := d.Fields
	said.Concentration = strings.Replace(said.Concentration, ",", ".", 1) // as many people write it
	switch said.Target {
	case "well":
		said.Liquid, said.Barcode = "", ""
		if said.Well == "" {
			return nil, lineage.Invalid(op, "well", "choose the well that it is about")
		}
	case "liquid":
		said.Labware, said.Well, said.Barcode = "", "", ""
		if said.Liquid == "" {
			return nil, lineage.Invalid(op, "liquid", "choose the liquid of the protocol that it is about")
		}
	case "labware":
		said.Well, said.Liquid, said.Lot, said.Sample, said.Concentration, said.Unit, said.Analyte = "", "", "", "", "", "", ""
		if said.Barcode == "" {
			return nil, lineage.Invalid(op, "barcode", "write the barcode of the labware")
		}
	default:
		return nil, lineage.Invalid(op, "target", "choose what it is about: a well, a liquid, the labware")
	}
	switch {
	case d.Reason == "":
		return nil, lineage.Invalid(op, "reason", "say why: it is kept beside the declaration")
	case d.By == "":
		return nil, lineage.Invalid(op, "by", "say who declares it")
	}
	return json.Marshal(manifest{By: d.By, Reason: d.Reason, At: now.UTC().Format(time.RFC3339Nano), Declarations: []declaration{said}})
}

// declare takes in what was previewed.
func (p *Pages) declare(r *http.Request) (view, error) {
	d, err := p.declaring(r)
	if err != nil {
		return view{}, err
	}
	text := []byte(r.FormValue("manifest"))
	var said manifest
	if err := json.Unmarshal(text, &said); err != nil {
		return view{}, lineage.Invalid("declare", "manifest", "preview it again")
	}
	if d.Fixed { // nobody declares in another's name
		said.By = d.By
		if text, err = json.Marshal(said); err != nil {
			return view{}, err
		}
	}
	var accepted struct {
		Error string `json:"error"`
	}
	status, err := p.rest(r, http.MethodPost, "/v1/declarations?wait=20", text, cut(said.Reason, 1000), &accepted)
	d.Said = "It is declared, and the graph says it now."
	switch {
	case err != nil:
		return view{}, err
	case status == http.StatusAccepted:
		d.Said = "It is taken in and can’t be lost; what depends on it is still being derived."
	case accepted.Error != "":
		d.Said, d.Failed = "It was taken in, but could not be processed: "+accepted.Error, true
	}
	return view{template: "declared", Title: "Declared", Section: "declare", Data: d}, nil
}
