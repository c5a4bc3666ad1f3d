package ot2

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// shelf holds the definitions met so far, and the words: a log repeats the same one
// in many commands, and all of them share it.
type shelf struct {
	byText    map[[sha256.Size]byte]*Definition
	byContent map[string]*Definition
	words     map[string]string
}

// wordsShared bounds the words that a shelf keeps.
const wordsShared = 10_000

// share makes the words that commands have in common one in memory: in a long run
// they come again with each.
func (s *shelf) share(c *Command) {
	for _, word := range []*string{
		&c.Type, &c.Intent, &c.Status, &c.Params.PipetteID, &c.Params.LabwareID, &c.Params.WellName,
		&c.Params.AddressableAreaName, &c.Result.PipetteID, &c.Result.LabwareID,
	} {
		switch known, ok := s.words[*word]; {
		case *word == "":
		case ok:
			*word = known
		case len(s.words) < wordsShared:
			s.words[*word] = *word
		}
	}
}

func newShelf() *shelf {
	return &shelf{byText: map[[sha256.Size]byte]*Definition{}, byContent: map[string]*Definition{}, words: map[string]string{}}
}

// definition reads a labware definition, once for each content.
func (s *shelf) definition(v value) (*Definition, error) {
	text := sha256.Sum256(v.text)
	if d, ok := s.byText[text]; ok {
		return d, nil
	}
	d, err := v.definition()
	if err != nil {
		return nil, err
	}
	if same, ok := s.byContent[d.Content]; ok {
		d = same
	}
	s.byText[text], s.byContent[d.Content] = d, d
	return d, nil
}

// isLabwareDefinition tells the definition of labware from that of a module.
func isLabwareDefinition(v value) bool {
	for key, member := range v.members() {
		if string(key) == "wells" {
			return member.isObject()
		}
	}
	return false
}

func (v value) definition() (*Definition, error) {
	d := &Definition{Wells: map[string]Well{}}
	err := v.each(func(key string, member value) (err error) {
		switch key {
		case "namespace":
			d.Namespace, err = member.str()
		case "version":
			d.Version, err = member.integer()
		case "metadata":
			err = d.readMetadata(member)
		case "parameters":
			err = d.readParameters(member)
		case "ordering":
			d.Ordering, err = member.ordering()
		case "wells":
			err = member.each(func(name string, member value) error {
				well, err := member.well()
				d.Wells[name] = well
				return err
			})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if d.LoadName == "" {
		return nil, under("parameters.loadName", v.problem("is missing", "an Opentrons labware definition has one"))
	}
	d.Content, err = canonicalHash(v.text)
	return d, err
}

func (d *Definition) readMetadata(v value) error {
	return v.each(func(key string, member value) (err error) {
		switch key {
		case "displayName":
			d.DisplayName, err = member.str()
		case "displayCategory":
			d.DisplayCategory, err = member.str()
		}
		return err
	})
}

func (d *Definition) readParameters(v value) error {
	return v.each(func(key string, member value) (err error) {
		switch key {
		case "loadName":
			d.LoadName, err = member.str()
		case "format":
			d.Format, err = member.str()
		case "isTiprack":
			d.IsTiprack, err = member.boolean()
		case "quirks":
			d.Quirks, err = member.words()
		}
		return err
	})
}

func (v value) words() ([]string, error) {
	if ok, err := v.array(); !ok {
		return nil, err
	}
	var words []string
	for i, element := range v.elements() {
		word, err := element.str()
		if err != nil {
			return nil, underIndex("", i, err)
		}
		words = append(words, word)
	}
	return words, nil
}

func (v value) ordering() ([][]string, error) {
	if ok, err := v.array(); !ok {
		return nil, err
	}
	var columns [][]string
	for i, element := range v.elements() {
		column, err := element.words()
		if err != nil {
			return nil, underIndex("", i, err)
		}
		columns = append(columns, column)
	}
	return columns, nil
}

func (v value) well() (w Well, err error) {
	lengths := map[string]*float64{
		"x": &w.X, "y": &w.Y, "z": &w.Z, "depth": &w.Depth, "diameter": &w.Diameter,
		"xDimension": &w.XDimension, "yDimension": &w.YDimension, "totalLiquidVolume": &w.CapacityUl,
	}
	err = v.each(func(key string, member value) (err error) {
		if key == "shape" {
			w.Shape, err = member.str()
			return err
		}
		length, ok := lengths[key]
		if !ok {
			return nil
		}
		f, err := member.number()
		if f != nil {
			*length = *f
		}
		return err
	})
	return w, err
}

// canonicalHash is the SHA-256, hex, of JSON with its keys sorted, its numbers
// in their shortest form and no insignificant space.
func canonicalHash(text []byte) (string, error) {
	var content any
	if err := json.Unmarshal(text, &content); err != nil {
		return "", err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(content); err != nil {
		return "", err
	}
	sum := sha256.Sum256(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	return hex.EncodeToString(sum[:]), nil
}
