// Package web is the pages that a person looks at: search, plates, wells, runs,
// impact, comparison, processing, declarations. They are rendered here, on the
// server, and embedded; what moves in a browser is small plain JavaScript.
//
// On the road of a fact it is the last step: it asks query what the REST
// interface asks, through small interfaces, and makes view models of the answers.
//
// It refuses to know more than the questions give: it has no store, keeps
// nothing, and loads nothing from another host.
package web
