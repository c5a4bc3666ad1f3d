// Package neo4j keeps the lineage graph in Neo4j 5.26 or later: the product's
// graph, which people also look at in Neo4j Browser.
//
// On the road of a fact it is the last place: it makes projections true and
// answers over them.
//
// It refuses to word its own Cypher: every statement is a file of package cypher.
//
// # The graph
//
// A node is (:Lineage:WellState:Entity {id, name, createdAt, owners, …}): the
// label that all share, its kind and its PROV class, and its attributes as
// properties. An edge is (target)-[:DERIVED_FROM {transformationId, createdAt,
// owners, …}]->(source). Nothing in the current graph is in the past.
//
// What nobody names any more is retracted: a node is (:Lineage:Retracted
// {wasKind, retractedAt, …}), an edge is of the type RETRACTED {wasType,
// retractedAt, …} between the same nodes. What a node was before its content
// changed is (node)-[:WAS]->(:Revision {wasKind, createdAt, retractedAt, …});
// it is not of the type REVISION_OF, which people's questions follow. So a node keeps one place
// for ever, and what is past hangs on it.
//
// (:Projection {owner, manifest}) is what one owner has, by hashes. Of an owner with
// many things the manifest is in (:ManifestPart {key, manifest}), and the
// projection has digests of these.
//
// # Writing
//
// One writer at a time holds (:ApplyLock). What it has read stays so, shared
// nodes need no locks of their own, and there are no deadlocks. Small writes of one
// process that wait for it share a transaction, where they are about different things.
package neo4j
