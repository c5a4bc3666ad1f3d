// Package report writes what a package holds for people: a page to look at and
// pages to print.
//
// On the road of a fact it stands in pack, which gives it every node, edge and
// entry as it writes them. One document is the model of both forms.
//
// It refuses to say what the package does not: it has nothing but what stands in
// the other files, and where a list is cut it says so.
package report
