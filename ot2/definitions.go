package ot2

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"wellspring/lineage"
)

const opDefinition = "read labware definition"

// maxDefinitionBytes is far more than a plate of 1536 wells takes.
const maxDefinitionBytes = 8 << 20

// ParseDefinition reads an Opentrons labware definition (schema 2 and 3).
// Errors are *lineage.Error; they name the place.
func ParseDefinition(text []byte) (*Definition, error) {
	limits := DefaultLimits()
	limits.Bytes = maxDefinitionBytes
	if err := checkBounds(opDefinition, text, limits); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, new(json.RawMessage)); err != nil {
		return nil, &lineage.Error{Op: opDefinition, Kind: lineage.ErrorInvalid, Hint: "the file is no JSON, or cut off", Err: err}
	}
	v := value{text: []byte(strings.TrimSpace(string(text)))}
	if !isLabwareDefinition(v) {
		return nil, lineage.Invalid(opDefinition, "no labware definition", "an Opentrons labware definition is an object with wells")
	}
	d, err := v.definition()
	if err != nil {
		var p *problem
		if errors.As(err, &p) {
			return nil, &lineage.Error{Op: opDefinition, Kind: p.kind, ID: p.place, Hint: p.hint, Err: errors.New(p.what)}
		}
		return nil, &lineage.Error{Op: opDefinition, Kind: lineage.ErrorInvalid, Err: err}
	}
	return d, nil
}

// Library is the labware definitions of a folder. It implements Definitions and
// is safe for concurrent use.
type Library struct {
	byURI  map[string]*Definition
	byName map[string][]*Definition // the preferred first
	// Skipped says, for each file that is no use, why. A file is skipped, not
	// fatal: a folder of definitions gathers all sorts of things.
	Skipped []error
}

// LoadDefinitions reads the labware definitions (*.json) in a folder and its
// subfolders. Two files that define one URI differently: the first in order of
// path counts, and the second is skipped.
func LoadDefinitions(dir string) (*Library, error) {
	library := &Library{byURI: map[string]*Definition{}, byName: map[string][]*Definition{}}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && path == dir:
			return err
		case err != nil:
			library.Skipped = append(library.Skipped, &lineage.Error{Op: opDefinition, Kind: lineage.ErrorInvalid, ID: path, Hint: "make it readable", Err: err})
			return nil //nolint:nilerr // it is in Skipped
		case entry.IsDir() || !strings.EqualFold(filepath.Ext(path), ".json"):
			return nil
		}
		if err := library.load(path); err != nil {
			library.Skipped = append(library.Skipped, err)
		}
		return nil
	})
	if err != nil {
		return nil, &lineage.Error{Op: "read labware definitions", Kind: lineage.ErrorNotFound, ID: dir, Hint: "name a folder that holds labware definitions", Err: err}
	}
	for _, same := range library.byName {
		slices.SortFunc(same, preferred)
	}
	return library, nil
}

func (l *Library) load(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return &lineage.Error{Op: opDefinition, Kind: lineage.ErrorInvalid, ID: path, Hint: "make it readable", Err: err}
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxDefinitionBytes+1))
	if err != nil {
		return &lineage.Error{Op: opDefinition, Kind: lineage.ErrorUnavailable, ID: path, Hint: "read it again", Err: err}
	}
	d, err := ParseDefinition(text)
	var e *lineage.Error
	if errors.As(err, &e) {
		e.ID = strings.TrimSuffix(path+": "+e.ID, ": ")
		return e
	}
	switch first, ok := l.byURI[d.URI()]; {
	case !ok:
		l.byURI[d.URI()] = d
		l.byName[d.LoadName] = append(l.byName[d.LoadName], d)
	case first.Content != d.Content:
		return &lineage.Error{Op: opDefinition, Kind: lineage.ErrorConflict, ID: path, Hint: "give one of them another version or take it out of the folder",
			Err: fmt.Errorf("another file defines %s differently", d.URI())}
	}
	return nil
}

// preferred puts the highest version first, of equal ones that of Opentrons.
func preferred(a, b *Definition) int {
	own := func(d *Definition) int {
		if d.Namespace == "opentrons" {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(b.Version, a.Version), cmp.Compare(own(a), own(b)), cmp.Compare(a.Namespace, b.Namespace))
}

// Len is the number of definitions.
func (l *Library) Len() int { return len(l.byURI) }

// Definition implements Definitions. The URI's own definition comes first; else,
// of the same load name and (if given) namespace, the one with the version
// asked for, else with the highest.
func (l *Library) Definition(uri string) *Definition {
	if d, ok := l.byURI[uri]; ok {
		return d
	}
	namespace, rest, ok := strings.Cut(uri, "/")
	if !ok {
		return nil
	}
	name, version, _ := strings.Cut(rest, "/")
	wanted, _ := strconv.Atoi(version)
	var found *Definition
	for _, d := range l.byName[name] {
		if namespace != "" && d.Namespace != namespace {
			continue
		}
		if d.Version == wanted {
			return d
		}
		if found == nil {
			found = d
		}
	}
	return found
}
