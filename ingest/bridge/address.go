package bridge

import (
	"net"
	"net/url"
	"regexp"
	"strings"

	"wellspring/lineage"
)

// The ports of a robot.
const (
	httpPort = "31950"
	mqttPort = "1883"
)

// Address says where a robot is, and what people call it.
type Address struct {
	Name string // of letters, digits, dot, dash and underscore; names its checkpoint too
	URL  string // http://host:port
	MQTT string // host:port of its broker; empty: not listened to
}

// ParseAddress reads [NAME=]ADDRESS. ADDRESS is a host name or an IP address, with
// or without a port, or http://HOST:PORT; ?mqtt=PORT names another port of the
// broker, ?mqtt=off leaves it alone. Without a name the host is the name.
func ParseAddress(text string) (Address, error) {
	const op = "read robot address"
	const hint = "use an address such as 169.254.20.7, left=ot2-left.local, or left=http://10.0.0.7:31950?mqtt=1883"
	wrong := func() (Address, error) { return Address{}, lineage.Invalid(op, text, hint) }
	name, where, named := strings.Cut(strings.TrimSpace(text), "=")
	if !named || strings.ContainsAny(name, "?/:") {
		name, where = "", strings.TrimSpace(text)
	}
	if !strings.Contains(where, "://") {
		if ip := net.ParseIP(where); ip != nil && ip.To4() == nil {
			where = "[" + where + "]"
		}
		where = "http://" + where
	}
	u, err := url.Parse(where)
	if err != nil || u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return wrong()
	}
	port, broker := u.Port(), mqttPort
	if port == "" {
		port = httpPort
	}
	for key, values := range u.Query() {
		if key != "mqtt" || len(values) != 1 {
			return wrong()
		}
		broker = values[0]
	}
	if name == "" {
		if name = plain.ReplaceAllString(u.Hostname(), "-"); u.Port() != "" && u.Port() != httpPort {
			name += "-" + u.Port()
		}
	}
	a := Address{Name: name, URL: "http://" + net.JoinHostPort(u.Hostname(), port)}
	switch {
	case plain.MatchString(name) || len(name) > 64 || strings.Trim(name, ".") == "":
		return Address{}, lineage.Invalid(op, text, "name a robot with letters, digits, dot, dash and underscore, at most 64 of them")
	case broker == "off":
	case number.MatchString(broker):
		a.MQTT = net.JoinHostPort(u.Hostname(), broker)
	default:
		return wrong()
	}
	return a, nil
}

var (
	plain  = regexp.MustCompile(`[^A-Za-z0-9._-]`) // what a name is not made of
	number = regexp.MustCompile(`^[1-9][0-9]{0,4}$`)
	sound  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`) // an id that may stand in a path
)
