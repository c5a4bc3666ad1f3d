package query

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"wellspring/lineage"
)

// MaxSelector is the length of the longest selector, bytes.
const MaxSelector = 1024

// form is what a selector names.
type form int

const (
	formID         form = iota // UUID
	formRun                    // [run:]RUN
	formLot                    // lot:NAME
	formSample                 // sample:BARCODE
	formPlate                  // plate:BARCODE
	formPlateWell              // plate:BARCODE/WELL
	formLabware                // RUN/LABWARE
	formWell                   // RUN/LABWARE/WELL
	formRobot                  // robot:SERIAL
	formPipette                // pipette:SERIAL
	formProtocol               // protocol:ID
	formSoftware               // software:VERSION
	formExperiment             // experiment:NAME
	formTiprack                // tiprack:RUN/LABWARE
)

// prefixes are the forms that a word before a colon tells.
func prefixes() map[string]form {
	return map[string]form{
		"lot:": formLot, "sample:": formSample, "plate:": formPlate,
		"robot:": formRobot, "pipette:": formPipette, "protocol:": formProtocol, "software:": formSoftware,
		"experiment:": formExperiment,
	}
}

// selector is a selector, parsed. docs/selectors.md is its manual.
type selector struct {
	text string
	form form
	id   lineage.ID
	name string // of the lot, the barcode, the run

	labware, well string
}

// parseSelector reads
//
//	UUID | [run:]RUN | lot:NAME | sample:BARCODE | plate:BARCODE | plate:BARCODE/WELL | [run:]RUN/LABWARE | [run:]RUN/LABWARE/WELL |
//	robot:SERIAL | pipette:SERIAL | protocol:ID | software:VERSION | experiment:NAME | tiprack:RUN/LABWARE
//
// In the parts between slashes, %2F stands for a slash and %25 for a percent sign.
func parseSelector(s string) (selector, error) {
	invalid := func(hint string) (selector, error) {
		return selector{}, lineage.Invalid(opResolve, s, hint)
	}
	if len(s) > MaxSelector {
		return selector{}, lineage.Invalid(opResolve, s[:32]+"…", "a selector has at most 1024 bytes")
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, isControl) {
		return invalid("a selector is text without control characters")
	}
	if id, err := uuid.Parse(s); err == nil && len(s) == 36 {
		return selector{text: s, form: formID, id: id, name: s}, nil
	}
	for prefix, form := range prefixes() {
		if name, ok := strings.CutPrefix(s, prefix); ok {
			if strings.TrimSpace(name) == "" {
				return invalid("name something after " + prefix)
			}
			if barcode, well, ok := cutWell(name); ok && form == formPlate {
				return selector{text: s, form: formPlateWell, name: barcode, well: well}, nil
			}
			return selector{text: s, form: form, name: name}, nil
		}
	}

	place, tiprack := strings.CutPrefix(s, "tiprack:")
	parts := strings.Split(strings.TrimPrefix(place, "run:"), "/")
	if tiprack && len(parts) != 2 {
		return invalid("use tiprack:RUN/LABWARE; a slash within a name is written %2F")
	}
	if len(parts) > 3 {
		return invalid("use RUN/LABWARE or RUN/LABWARE/WELL; a slash within a name is written %2F")
	}
	for i, part := range parts {
		if plain, err := url.PathUnescape(part); err == nil && len(parts) > 1 {
			parts[i] = plain
		}
		if strings.TrimSpace(parts[i]) == "" {
			return invalid("use a UUID, run:RUN, lot:NAME, sample:BARCODE, plate:BARCODE, plate:BARCODE/WELL, RUN/LABWARE or RUN/LABWARE/WELL")
		}
	}
	parsed := selector{text: s, form: formRun, name: parts[0]}
	if len(parts) > 1 {
		parsed.form, parsed.labware = formLabware, parts[1]
	}
	if tiprack {
		parsed.form = formTiprack
	}
	if len(parts) > 2 {
		parsed.form, parsed.well = formWell, parts[2]
	}
	return parsed, nil
}

// cutWell splits BARCODE/WELL. A barcode may hold slashes itself: only what reads
// like a well is one.
func cutWell(name string) (barcode, well string, ok bool) {
	i := strings.LastIndexByte(name, '/')
	if i < 1 || !wellForm.MatchString(name[i+1:]) {
		return "", "", false
	}
	barcode, err := url.PathUnescape(name[:i])
	if err != nil {
		barcode = name[:i]
	}
	return barcode, name[i+1:], true
}

var wellForm = regexp.MustCompile(`^[A-Za-z]{1,2}[0-9]{1,3}$`)

// JoinSelector writes a RUN/LABWARE/WELL selector whose parts may hold slashes.
func JoinSelector(parts ...string) string {
	escaped := make([]string, len(parts))
	for i, part := range parts {
		escaped[i] = strings.NewReplacer("%", "%25", "/", "%2F").Replace(part)
	}
	return strings.Join(escaped, "/")
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

// Resolve turns a selector into a node. Several that fit are an error of
// ErrorAmbiguous, none one of ErrorNotFound; each wraps *Candidates, where
// there are any: those that fit, or those that come near.
//
// asOf asks for what was known then; zero means now.
//
// A lot:NAME is the declared lot where there is one, else the only protocol
// liquid with that name.
func (s *Service) Resolve(ctx context.Context, text string, asOf time.Time) (lineage.Node, error) {
	nodes, err := s.resolve(ctx, text, false, asOf)
	if err != nil {
		return lineage.Node{}, err
	}
	return one(text, nodes)
}

// ResolveAll turns a selector into the nodes that an impact starts from. They
// are what Resolve finds, but for lot:NAME, where they are the declared lot
// and the liquids of that name of every protocol: who asks what a bad lot
// touches must not miss the run that declared it for itself.
func (s *Service) ResolveAll(ctx context.Context, text string, asOf time.Time) ([]lineage.Node, error) {
	nodes, err := s.resolve(ctx, text, true, asOf)
	if err != nil {
		return nil, err
	}
	if parsed, _ := parseSelector(text); parsed.form == formLot {
		return nodes, nil
	}
	node, err := one(text, nodes)
	return []lineage.Node{node}, err
}

// resolve returns at least one node.
func (s *Service) resolve(ctx context.Context, text string, allLots bool, asOf time.Time) ([]lineage.Node, error) {
	parsed, err := parseSelector(text)
	if err != nil {
		return nil, err
	}
	switch parsed.form {
	case formID:
		return s.resolveID(ctx, parsed, asOf)
	case formLot:
		return s.resolveLot(ctx, parsed, allLots, asOf)
	case formSample:
		return s.resolveNamed(ctx, parsed, lineage.KindSample, lineage.SampleID(parsed.name), "no sample was declared with that barcode", asOf)
	case formExperiment:
		return s.resolveNamed(ctx, parsed, lineage.KindExperiment, lineage.ExperimentID(parsed.name), "nobody declared that anything is part of an experiment of that name", asOf)
	case formPlate:
		return s.resolvePlate(ctx, parsed, asOf)
	case formRun:
		return s.resolveRun(ctx, parsed, asOf)
	case formRobot, formPipette, formProtocol, formSoftware:
		return s.resolveActor(ctx, parsed, asOf)
	}
	return s.resolveOnDeck(ctx, parsed, asOf)
}

// resolveID finds a node by id, or a run or an experiment whose own id, a UUID as
// well, was given.
func (s *Service) resolveID(ctx context.Context, sel selector, asOf time.Time) ([]lineage.Node, error) {
	nodes, err := s.store.Nodes(ctx, []lineage.ID{sel.id, lineage.RunID(sel.name), lineage.PlanID(sel.name), lineage.ExperimentID(sel.name)}, asOf)
	if err != nil {
		return nil, err
	}
	if len(nodes) == 0 {
		return nil, missing(sel.text, "", "the graph has no node and no run with that id", nil)
	}
	return nodes[:1], nil
}

func (s *Service) resolveLot(ctx context.Context, sel selector, all bool, asOf time.Time) ([]lineage.Node, error) {
	declared, err := s.store.Nodes(ctx, []lineage.ID{lineage.LotID(sel.name)}, asOf)
	if err != nil || len(declared) > 0 && !all {
		return declared, err
	}
	named, err := s.findAll(ctx, lineage.Find{Kind: lineage.KindLot, Name: sel.name, AsOf: asOf}, MaxRoots)
	if err != nil {
		return nil, err
	}
	for _, lot := range named {
		if len(declared) == 0 || lot.ID != declared[0].ID {
			declared = append(declared, lot)
		}
	}
	if len(declared) > 0 {
		return declared, nil
	}
	return nil, s.missingKind(ctx, sel, lineage.KindLot, "no lot and no protocol's liquid has that name", asOf)
}

func (s *Service) resolvePlate(ctx context.Context, sel selector, asOf time.Time) ([]lineage.Node, error) {
	declared, err := s.store.Nodes(ctx, []lineage.ID{lineage.PhysicalLabwareID(sel.name)}, asOf)
	if err != nil || len(declared) > 0 {
		return declared, err
	}
	found, err := s.findAll(ctx, lineage.Find{
		Kind: lineage.KindLabware, AsOf: asOf, Attrs: map[string]string{lineage.AttrBarcode: sel.name},
	}, MaxRoots)
	if err != nil || len(found) > 0 {
		return found, err
	}
	return nil, s.missingKind(ctx, sel, lineage.KindLabware, "no labware was declared with that barcode", asOf)
}

func (s *Service) resolveNamed(ctx context.Context, sel selector, kind lineage.Kind, id lineage.ID, hint string, asOf time.Time) ([]lineage.Node, error) {
	nodes, err := s.store.Nodes(ctx, []lineage.ID{id}, asOf)
	if err != nil || len(nodes) > 0 {
		return nodes, err
	}
	return nil, s.missingKind(ctx, sel, kind, hint, asOf)
}

// missingKind says that nothing of a kind has the name, and what comes near
// among the first of that kind.
func (s *Service) missingKind(ctx context.Context, sel selector, kind lineage.Kind, hint string, asOf time.Time) error {
	page, err := s.store.Find(ctx, lineage.Find{Kind: kind, Limit: findPage, AsOf: asOf})
	if err != nil {
		return err
	}
	return missing(sel.text, sel.name, hint, page.Nodes)
}

// findPage is how many nodes one Find asks for when all are wanted.
const findPage = 1000

// findAll returns all nodes of a Find, or says that they are more than most.
func (s *Service) findAll(ctx context.Context, find lineage.Find, most int) ([]lineage.Node, error) {
	find.Limit = findPage
	var all []lineage.Node
	for {
		page, err := s.store.Find(ctx, find)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Nodes...)
		if len(all) > most {
			return nil, &lineage.Error{Op: "find nodes", Kind: lineage.ErrorTooLarge, ID: string(find.Kind),
				Hint: "there are too many to look through: use an id"}
		}
		if page.Next == "" {
			return all, nil
		}
		find.After = page.Next
	}
}
