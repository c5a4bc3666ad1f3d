// Package neo4jtest gives tests a real Neo4j: the one that WELLSPRING_NEO4J_URI
// names, else a server of their own, from Maven Central on a local JDK.
//
// On the road of a fact it is the ground that the Neo4j store is tried on.
//
// It refuses to empty a database that no test has made, and to leave a server
// behind: a server of its own ends with the process that started it, however
// that one ends.
package neo4jtest
