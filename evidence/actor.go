package evidence

// Actor is who does something.
type Actor struct {
	Name string `json:"name"`
	// Authenticated: the service checked who it is. On loopback without a login
	// nobody did.
	Authenticated bool `json:"authenticated"`
	// ID and Means say more of who was authenticated: the key or the person at the
	// identity provider, and which of the two.
	ID    string `json:"id,omitempty"`
	Means string `json:"means,omitempty"`
}

// Local is who asks a service on loopback that has no login.
func Local() Actor { return Actor{Name: "local"} }
