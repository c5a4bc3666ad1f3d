// Package access knows who asks and what they may do.
//
// On the road of a fact it stands at the door of the REST interface and the
// pages, before anything is read or written: a request has a Principal, an
// operation has a Role, and one must allow the other. Without a login the
// service is open to its own machine only, and everybody there is Local.
//
// It refuses to keep a secret that it could be robbed of: of an API key it holds
// a hash, passwords are the business of the lab's identity provider (OIDC), and
// no error or log line of it repeats what a client sent.
package access
