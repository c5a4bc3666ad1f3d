package mqtt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-yaml"

	"wellspring/lineage"
)

// mostMappings bounds a file of mappings: each is a subscription.
const mostMappings = 100

// LoadMappings reads the mappings that a lab declares in a YAML file, and returns
// them together with those that work out of the box. One with the topic of
// another takes its place. Errors are *lineage.Error of ErrorInvalid and name the
// place: the line, or the member.
func LoadMappings(file string) ([]Mapping, error) {
	const op = "read mappings"
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: file, Err: err}
	}
	var declared struct {
		Mappings []Mapping `yaml:"mappings"`
	}
	err = yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&declared)
	switch {
	case errors.Is(err, io.EOF):
	case err != nil:
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: file, Hint: "docs/events.md has an example", Err: err}
	}
	if n := len(declared.Mappings); n == 0 || n > mostMappings {
		return nil, lineage.Invalid(op, file+": mappings", fmt.Sprintf("list 1 to %d mappings", mostMappings))
	}
	filters := map[string]int{}
	for i, m := range declared.Mappings {
		place := fmt.Sprintf("%s: mappings[%d]", file, i)
		if member, hint := m.fault(); member != "" {
			return nil, lineage.Invalid(op, place+"."+member, hint)
		}
		if other, twice := filters[m.filter()]; twice {
			return nil, lineage.Invalid(op, place+".topic", fmt.Sprintf("mappings[%d] takes the same topics: only one can have them", other))
		}
		filters[m.filter()] = i
	}
	all := declared.Mappings
	for _, m := range LabMappings() {
		if _, replaced := filters[m.filter()]; !replaced {
			all = append(all, m)
		}
	}
	return all, nil
}
