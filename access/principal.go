package access

import (
	"context"
	"slices"
	"strings"
	"time"

	"wellspring/lineage"
)

// Role is what somebody is for. Every role may do what a Viewer may, an Admin
// everything; the others don't include one another, so that who operates a robot
// is not by that alone the one who reviews its results.
type Role string

// The roles.
const (
	Viewer   Role = "viewer"   // asks: runs, wells, ancestry, impact
	Operator Role = "operator" // takes in and declares; retries, cancels
	Reviewer Role = "reviewer" // signs
	Auditor  Role = "auditor"  // reads the audit log, exports evidence
	Admin    Role = "admin"    // gives keys, checks and rebuilds; all that the others may
)

// Roles lists all of them.
func Roles() []Role { return []Role{Viewer, Operator, Reviewer, Auditor, Admin} }

// ParseRoles reads names of roles.
func ParseRoles(names []string) ([]Role, error) {
	var roles []Role
	for _, name := range names {
		role := Role(strings.TrimSpace(name))
		if !slices.Contains(Roles(), role) {
			return nil, lineage.Invalid("read roles", name, "the roles are viewer, operator, reviewer, auditor, admin")
		}
		if !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	return roles, nil
}

// Means is how somebody proved who they are.
type Means string

// The means.
const (
	ByMachine Means = "local"  // being on this machine
	ByKey     Means = "key"    // an API key
	ByLogin   Means = "person" // the identity provider
)

// Principal is who asks.
type Principal struct {
	Name  string // for people: a key's name, a person's name or address
	ID    string // of the key, or issuer and subject; empty of the machine
	Roles []Role
	Means Means
	// Operations narrow a key to these, by operationId; empty: all that its roles allow.
	Operations []string
	// ProvedAt is when they last proved it: with a key now, with a login when the
	// provider says that they typed their password; zero where it doesn't say.
	ProvedAt time.Time
}

// Local is who asks where no login is needed.
func Local() Principal {
	return Principal{Name: "local", Roles: []Role{Admin}, Means: ByMachine}
}

// May reports whether the principal may do an operation that needs a role.
func (p Principal) May(role Role, operation string) bool {
	if len(p.Operations) > 0 && !slices.Contains(p.Operations, operation) {
		return false
	}
	switch {
	case slices.Contains(p.Roles, Admin), slices.Contains(p.Roles, role):
		return true
	case role == Viewer:
		return len(p.Roles) > 0
	}
	return false
}

type contextKey struct{}

// With returns a context in which the principal asks.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// From returns who asks; ok is false outside of a request.
func From(ctx context.Context) (p Principal, ok bool) {
	p, ok = ctx.Value(contextKey{}).(Principal)
	return p, ok
}
