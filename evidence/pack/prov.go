package pack

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"wellspring/lineage"
)

// The namespaces of the PROV documents.
const (
	nsWellspring = "urn:wellspring:"
	nsNode       = "urn:uuid:"
)

// prov puts aside what PROV-JSON wants in sections, each in a file, and PROV-N
// in one; so memory does not grow with the graph.
type prov struct {
	dir      string
	sections map[string]*section
	text     *section            // PROV-N
	nodes    *section            // the ids of all nodes, in order
	plans    map[lineage.ID]bool // that were added
	relation int64
}

type section struct {
	file  *os.File
	out   *bufio.Writer
	count int64
}

func newProv(temp string) (*prov, error) {
	dir, err := os.MkdirTemp(temp, "prov-")
	if err != nil {
		return nil, failed("prov", err)
	}
	p := &prov{dir: dir, sections: map[string]*section{}, plans: map[lineage.ID]bool{}}
	p.text, err = p.open("text")
	if err == nil {
		p.nodes, err = p.open("nodes")
	}
	return p, err
}

func (p *prov) open(name string) (*section, error) {
	f, err := os.Create(p.dir + "/" + name)
	if err != nil {
		return nil, failed("prov", err)
	}
	return &section{file: f, out: bufio.NewWriter(f)}, nil
}

func (p *prov) close() error {
	var errs []error
	for _, s := range p.sections {
		errs = append(errs, s.file.Close())
	}
	for _, s := range []*section{p.text, p.nodes} {
		if s != nil {
			errs = append(errs, s.file.Close())
		}
	}
	return errors.Join(append(errs, os.RemoveAll(p.dir))...)
}

// add writes a node or an edge in both forms; to nil nothing.
func (p *prov) add(item Item) error {
	if p == nil {
		return nil
	}
	if item.Node != nil {
		return p.node(*item.Node)
	}
	return p.edge(*item.Edge)
}

func (p *prov) node(n lineage.Node) error {
	_, _ = p.nodes.out.Write(n.ID[:]) // a bufio.Writer keeps its first error
	if n.Kind == lineage.KindPlan {
		p.plans[n.ID] = true
	}
	what := strings.ToLower(string(n.Kind.Class()))
	members := map[string]any{"prov:type": qualified("ws:" + string(n.Kind)), "prov:label": n.Name}
	for key, value := range n.Attributes {
		members["ws:"+key] = value
	}
	members["ws:created_at"] = n.CreatedAt.UTC().Format(time.RFC3339Nano)
	start, end := "-", "-"
	if what == "activity" {
		if at, ok := instant(n, "startedAt", lineage.AttrAt); ok {
			members["prov:startTime"], start = at, at
		}
		if at, ok := instant(n, "completedAt"); ok && start != "-" {
			members["prov:endTime"], end = at, at
		}
	}
	if err := p.put(what, "node:"+n.ID.String(), members); err != nil {
		return err
	}
	head := "node:" + n.ID.String()
	if what == "activity" {
		head += ", " + start + ", " + end
	}
	return p.say(what, head, members)
}

// instant is the first of some attributes that is a time.
func instant(n lineage.Node, keys ...string) (string, bool) {
	for _, key := range keys {
		text, _ := n.Attributes[key].(string)
		if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
			return at.UTC().Format(time.RFC3339Nano), true
		}
	}
	return "", false
}

func qualified(name string) map[string]any {
	return map[string]any{"$": name, "type": "prov:QUALIFIED_NAME"}
}

// shape is how PROV says a relationship: its name, and what its ends are called.
type shape struct{ name, target, source string }

func shapeOf(t lineage.RelationshipType) shape {
	switch t {
	// What a tip carried back into a well that it draws from later is no derivation:
	// a derived entity must not be there before what it is derived from. It falls
	// among the influences, below.
	case lineage.DerivedFrom, lineage.MeasuredFrom, lineage.RevisionOf:
		return shape{"wasDerivedFrom", "prov:generatedEntity", "prov:usedEntity"}
	case lineage.Used, lineage.PlannedBy:
		return shape{"used", "prov:activity", "prov:entity"}
	case lineage.GeneratedBy:
		return shape{"wasGeneratedBy", "prov:entity", "prov:activity"}
	case lineage.PerformedBy:
		return shape{"wasAssociatedWith", "prov:activity", "prov:agent"}
	case lineage.InformedBy:
		return shape{"wasInformedBy", "prov:informed", "prov:informant"}
	}
	return influence // PART_OF, HELD_IN: PROV has no word for them
}

var influence = shape{"wasInfluencedBy", "prov:influencee", "prov:influencer"}

// shape is how an edge is said. What an analysis means to use, and for which robot, is
// an influence: a plan is an entity, and only activities use something or have somebody with them.
func (p *prov) shape(e lineage.Edge) shape {
	s := shapeOf(e.RelationshipType)
	if s.target == "prov:activity" && p.plans[e.TargetID] || s.source == "prov:activity" && p.plans[e.SourceID] {
		return influence
	}
	return s
}

func (p *prov) edge(e lineage.Edge) error {
	s := p.shape(e)
	target, source := "node:"+e.TargetID.String(), "node:"+e.SourceID.String()
	members := map[string]any{s.target: target, s.source: source, "prov:type": qualified("ws:" + string(e.RelationshipType))}
	for key, value := range e.Attributes {
		members["ws:"+key] = value
	}
	if e.TransformationID != (lineage.ID{}) {
		members["ws:transformation"] = e.TransformationID.String()
	}
	members["ws:created_at"] = e.CreatedAt.UTC().Format(time.RFC3339Nano)
	p.relation++
	if err := p.put(s.name, "_:r"+strconv.FormatInt(p.relation, 10), members); err != nil {
		return err
	}
	delete(members, s.target)
	delete(members, s.source)
	head := target + ", " + source
	switch s.name {
	case "used", "wasGeneratedBy":
		head += ", -" // no time of its own
	case "wasDerivedFrom":
		head += ", -, -, -"
	case "wasAssociatedWith":
		head += ", -"
	}
	return p.say(s.name, head, members)
}

// put writes a member of a section of PROV-JSON.
func (p *prov) put(name, key string, members map[string]any) error {
	s := p.sections[name]
	if s == nil {
		var err error
		if s, err = p.open(name); err != nil {
			return err
		}
		p.sections[name] = s
	}
	text, err := compact(members)
	if err != nil {
		return err
	}
	if s.count++; s.count > 1 {
		_, _ = s.out.WriteString(",\n") // a bufio.Writer keeps its first error
	}
	_, err = fmt.Fprintf(s.out, "    %q: %s", key, text)
	return err
}

// json writes the PROV-JSON document.
func (p *prov) json(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "{\n  \"prefix\": {\"ws\": %q, \"node\": %q}", nsWellspring, nsNode); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(p.sections)) {
		if _, err := fmt.Fprintf(w, ",\n  %q: {\n", name); err != nil {
			return err
		}
		if err := p.sections[name].copy(w); err != nil {
			return err
		}
		if _, err := io.WriteString(w, "\n  }"); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "\n}\n")
	return err
}

// notation writes the PROV-N document.
func (p *prov) notation(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "document\n  prefix ws <%s>\n  prefix node <%s>\n\n", nsWellspring, nsNode); err != nil {
		return err
	}
	if err := p.text.copy(w); err != nil {
		return err
	}
	_, err := io.WriteString(w, "endDocument\n")
	return err
}

func (s *section) copy(w io.Writer) error {
	if err := s.out.Flush(); err != nil {
		return err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.Copy(w, s.file)
	return err
}

// name is a local part that PROV-N takes without escapes.
var plainName = regexp.MustCompile(`^(ws|prov):[A-Za-z][A-Za-z0-9_]*$`)

// say writes a statement of PROV-N.
func (p *prov) say(what, head string, members map[string]any) error {
	var attributes []string
	for _, key := range slices.Sorted(maps.Keys(members)) {
		if key == "prov:startTime" || key == "prov:endTime" || !plainName.MatchString(key) {
			continue
		}
		switch v := members[key].(type) {
		case map[string]any:
			attributes = append(attributes, fmt.Sprintf("%s='%s'", key, v["$"]))
		case []string:
			for _, one := range v {
				attributes = append(attributes, key+"="+quoted(one))
			}
		case []float64:
			for _, one := range v {
				attributes = append(attributes, key+"="+literal(one))
			}
		default:
			attributes = append(attributes, key+"="+literal(v))
		}
	}
	_, err := fmt.Fprintf(p.text.out, "  %s(%s, [%s])\n", what, head, strings.Join(attributes, ", "))
	return err
}

func literal(v any) string {
	switch v := v.(type) {
	case string:
		return quoted(v)
	case bool:
		return quoted(strconv.FormatBool(v)) + " %% xsd:boolean"
	case float64:
		return quoted(strconv.FormatFloat(v, 'g', -1, 64)) + " %% xsd:double"
	}
	return quoted(fmt.Sprint(v))
}

// quoted is a string of PROV-N: backslash, quote and control characters escaped.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + `"`
}
