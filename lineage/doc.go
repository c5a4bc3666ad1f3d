// Package lineage is the language of Wellspring: the kinds of things a lab's
// history is made of, the typed relationships between them, their identities,
// and the questions and answers that travel between the rooms of the house.
//
// On the road of a fact it is the cargo: liquid and etl produce a Projection,
// graphstore keeps it, query and api hand out Graphs of it.
//
// It refuses to know how anything is stored, decoded or sent: it imports the
// standard library and google/uuid, nothing else.
package lineage
