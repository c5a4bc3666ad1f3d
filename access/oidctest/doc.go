// Package oidctest logs in at a real OpenID Connect provider, the certified one
// of github.com/zitadel/oidc, with a browser's redirects and cookies. It is a
// module of its own: the product needs no provider.
package oidctest
