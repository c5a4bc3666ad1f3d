package neo4j

import (
	"fmt"
	"strings"
	"time"

	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"wellspring/lineage"
)

// The properties of nodes and edges that are not attributes.
const (
	propID             = "id"
	propName           = "name"
	propOwners         = "owners"
	propCreatedAt      = "createdAt"
	propRetractedAt    = "retractedAt"
	propWasKind        = "wasKind"
	propWasType        = "wasType"
	propTransformation = "transformationId"
)

// property is the name under which an attribute is kept: its own, but for
// those that mean something else here. Neo4j has no empty name, and none with
// a NUL.
func property(attribute string) string {
	switch attribute {
	case "", propID, propName, propOwners, propCreatedAt, propRetractedAt, propWasKind, propWasType, propTransformation:
		return "_" + attribute
	}
	if strings.HasPrefix(attribute, "_") || strings.Contains(attribute, "\x00") {
		return "_" + strings.NewReplacer("\x00", `\0`, `\`, `\\`).Replace(attribute)
	}
	return attribute
}

// attribute is the inverse of property; false if the property is no attribute.
func attribute(property string) (string, bool) {
	switch property {
	case propID, propName, propOwners, propCreatedAt, propRetractedAt, propWasKind, propWasType, propTransformation:
		return "", false
	}
	if name, escaped := strings.CutPrefix(property, "_"); escaped {
		return strings.NewReplacer(`\0`, "\x00", `\\`, `\`).Replace(name), true
	}
	return property, true
}

// properties writes attributes, with room for more.
func properties(attributes lineage.Attributes) map[string]any {
	p := make(map[string]any, len(attributes)+2)
	for key, value := range attributes {
		p[property(key)] = value
	}
	return p
}

// readAttributes is the inverse of properties.
func readAttributes(p map[string]any) (lineage.Attributes, error) {
	attributes := make(lineage.Attributes, len(p))
	for key, value := range p {
		name, ok := attribute(key)
		if !ok {
			continue
		}
		if list, isList := value.([]any); isList {
			typed, err := readList(list)
			if err != nil {
				return nil, fmt.Errorf("property %s: %w", key, err)
			}
			value = typed
		}
		attributes[name] = value
	}
	return attributes, nil
}

// readList gives a list its type back. An empty one is a []string.
func readList(list []any) (any, error) {
	if len(list) > 0 {
		if _, ok := list[0].(float64); ok {
			return listOf[float64](list)
		}
	}
	return listOf[string](list)
}

func listOf[T any](list []any) ([]T, error) {
	typed := make([]T, len(list))
	for i, value := range list {
		v, ok := value.(T)
		if !ok {
			return nil, fmt.Errorf("a list with a %T where a %T belongs", value, v)
		}
		typed[i] = v
	}
	return typed, nil
}

// labels is what a node of a kind is labelled with, besides Lineage.
func labels(kind lineage.Kind) string { return string(kind) + ":" + string(kind.Class()) }

// A storedNode is a node as it is kept.
type storedNode struct {
	lineage.Node
	owners []string
	life   life
}

// A life is the time during which a revision was true.
type life struct {
	createdAt   time.Time
	retractedAt *time.Time // nil: until now
}

// countsBefore reports which of two revisions of one thing, both true at a
// time, counts: the current one, else the one that began last.
func (l life) countsBefore(other life) bool {
	if l.retractedAt == nil || other.retractedAt == nil {
		return l.retractedAt == nil
	}
	return l.createdAt.After(other.createdAt)
}

// readNode reads the fields properties and labels of a record.
func readNode(record *driver.Record) (storedNode, error) {
	p, _ := record.Get("properties")
	labels, _ := record.Get("labels")
	return readNodeRow([]any{p, labels})
}

// readNodeRow reads a node that is given as a list that begins with properties and labels.
func readNodeRow(row []any) (storedNode, error) {
	if len(row) < 2 {
		return storedNode{}, fmt.Errorf("a node comes as %v", row)
	}
	p, _ := row[0].(map[string]any)
	labels, _ := row[1].([]any)
	r := reader{p: p}
	n := storedNode{
		Node:   lineage.Node{ID: r.id(propID), Kind: r.kind(labels), Name: r.text(propName), CreatedAt: r.time(propCreatedAt), Attributes: r.attributes()},
		owners: r.owners(),
		life:   r.life(),
	}
	return n, r.err
}

// A storedEdge is an edge as it is kept.
type storedEdge struct {
	lineage.Edge
	owners []string
	life   life
}

// readEdge reads the fields source, target, type and properties.
func readEdge(fields map[string]any) (storedEdge, error) {
	r := reader{p: fields}
	source, target, typ := r.id("source"), r.id("target"), r.text("type")
	if r.err != nil {
		return storedEdge{}, r.err
	}
	return makeEdge(source, target, typ, fields["properties"])
}

// makeEdge reads an edge's properties and adds what else is known of it.
func makeEdge(source, target lineage.ID, typ string, p any) (storedEdge, error) {
	fields, _ := p.(map[string]any)
	r := reader{p: fields}
	e := storedEdge{
		Edge: lineage.Edge{
			SourceID: source, TargetID: target, RelationshipType: lineage.RelationshipType(typ),
			TransformationID: r.id(propTransformation), CreatedAt: r.time(propCreatedAt),
			Attributes: r.attributes(),
		},
		owners: r.owners(),
		life:   r.life(),
	}
	return e, r.err
}

// A reader reads properties and keeps its first failure.
type reader struct {
	p   map[string]any
	err error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) text(key string) string {
	s, ok := r.p[key].(string)
	if !ok {
		r.fail(fmt.Errorf("property %s is %T, not a string", key, r.p[key]))
	}
	return s
}

func (r *reader) id(key string) lineage.ID {
	var id lineage.ID
	if err := id.UnmarshalText([]byte(r.text(key))); err != nil {
		r.fail(fmt.Errorf("property %s: %w", key, err))
	}
	return id
}

func (r *reader) time(key string) time.Time {
	t, ok := r.p[key].(time.Time)
	if !ok {
		r.fail(fmt.Errorf("property %s is %T, not a time", key, r.p[key]))
	}
	return t.UTC()
}

func (r *reader) life() life {
	l := life{createdAt: r.time(propCreatedAt)}
	if r.p[propRetractedAt] != nil {
		t := r.time(propRetractedAt)
		l.retractedAt = &t
	}
	return l
}

// kind is the kind that a node's labels tell, or that it had.
func (r *reader) kind(labels []any) lineage.Kind {
	if r.p[propWasKind] != nil {
		return lineage.Kind(r.text(propWasKind))
	}
	for _, label := range labels {
		name, _ := label.(string)
		if kind := lineage.Kind(name); kind.Class() != "" {
			return kind
		}
	}
	r.fail(fmt.Errorf("a node has the labels %v and no kind among them", labels))
	return ""
}

func (r *reader) owners() []string {
	list, _ := r.p[propOwners].([]any)
	owners, err := listOf[string](list)
	if err != nil {
		r.fail(err)
	}
	return owners
}

func (r *reader) attributes() lineage.Attributes {
	attributes, err := readAttributes(r.p)
	if err != nil {
		r.fail(err)
	}
	return attributes
}
