package app

import "runtime/debug"

// Build is what the program knows about itself.
type Build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified"` // built from files that were not committed
	Go       string `json:"go"`
}

// Version reads what the build wrote into the program.
func Version() Build {
	b := Build{Version: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Version, b.Go = info.Main.Version, info.GoVersion
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

// String is the version as the graph keeps it.
func (b Build) String() string {
	if b.Version == "(devel)" && b.Revision != "" {
		return b.Revision
	}
	return b.Version
}
