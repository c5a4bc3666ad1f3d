package notify

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"wellspring/lineage"
)

// entry is one webhook as it is written down.
type entry struct {
	Name       string `yaml:"name"`
	URL        string `yaml:"url"`
	URLEnv     string `yaml:"url-env"`
	SecretEnv  string `yaml:"secret-env"`
	SecretFile string `yaml:"secret-file"`
	Unsigned   bool   `yaml:"unsigned"`
	Kinds      []Kind `yaml:"kinds"`
	CA         string `yaml:"ca"`
}

var names = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,39}$`)

// Load reads a file of webhooks. Secrets stand in files and in the environment,
// getenv, never in it. Plain HTTP goes to this machine only, unless trust says that
// the network keeps strangers out. No error shows an address or a secret.
func Load(path string, trust bool, getenv func(string) string) ([]Webhook, error) {
	const op = "read webhooks"
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: path, Hint: "name a file that can be read", Err: err}
	}
	var file struct {
		Webhooks []entry `yaml:"webhooks"`
	}
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict()); err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: path, Hint: "write it as docs/webhooks.md shows", Err: fmt.Errorf("%s", yaml.FormatError(err, false, false))}
	}
	var all []Webhook
	known := map[string]bool{}
	for i, e := range file.Webhooks {
		id := fmt.Sprintf("%s: webhook %d", path, i+1)
		if !names.MatchString(e.Name) || known[e.Name] || e.Name == OpenLineage {
			return nil, lineage.Invalid(op, id+": name", "give each a name of its own: a to z, 0 to 9, dot, dash and underscore, at most 40; openlineage is taken")
		}
		known[e.Name] = true
		w, member, err := e.webhook(trust, getenv)
		if err != nil {
			return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: path + ": webhook " + e.Name + ": " + member, Err: err}
		}
		all = append(all, w)
	}
	return all, nil
}

// webhook is what an entry says; an error comes with the member that is wrong.
func (e entry) webhook(trust bool, getenv func(string) string) (w Webhook, member string, err error) {
	w = Webhook{Name: e.Name, URL: e.URL, Kinds: e.Kinds}
	if e.URLEnv != "" {
		if w.URL = getenv(e.URLEnv); e.URL != "" || w.URL == "" {
			return w, "url-env", fmt.Errorf("name a variable of the environment that is set, or write url")
		}
	}
	address, err := parseAddress(w.URL)
	if err != nil {
		return w, "url", err
	}
	if address.Scheme == "http" && !trust && !loopback(address.Hostname()) {
		return w, "url", fmt.Errorf("it is not on this machine: use https, or set trust-network where the network keeps strangers out")
	}
	for _, k := range e.Kinds {
		if !slices.Contains(Kinds(), k) {
			return w, "kinds", fmt.Errorf("%q is none of %s", k, joined(Kinds()))
		}
	}
	if w.Secrets, member, err = e.secrets(getenv); err != nil {
		return w, member, err
	}
	if e.CA != "" {
		pem, err := os.ReadFile(e.CA)
		pool := x509.NewCertPool()
		if err == nil && !pool.AppendCertsFromPEM(pem) {
			err = fmt.Errorf("%s holds no certificate in PEM", e.CA)
		}
		if err != nil {
			return w, "ca", err
		}
		w.TLS = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return w, "", nil
}

// The length of a secret, in bytes, by Standard Webhooks.
const shortest, longest = 24, 64

func (e entry) secrets(getenv func(string) string) (secrets []string, member string, err error) {
	var text string
	switch {
	case e.SecretEnv != "" && e.SecretFile != "":
		return nil, "secret-file", fmt.Errorf("name a file or a variable of the environment, not both")
	case e.SecretFile != "":
		member = "secret-file"
		content, err := os.ReadFile(e.SecretFile)
		if err != nil {
			return nil, member, err
		}
		text = string(content)
	case e.SecretEnv != "":
		member, text = "secret-env", getenv(e.SecretEnv)
	case e.Unsigned:
		return nil, "", nil
	default:
		return nil, "secret-file", fmt.Errorf("name a file or, with secret-env, a variable of the environment that holds the secret; or say unsigned: true")
	}
	secrets = strings.Fields(text)
	if len(secrets) == 0 {
		return nil, member, fmt.Errorf("it is empty: wellspring webhooks secret makes a secret")
	}
	for _, s := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, secretPrefix))
		if err != nil || !strings.HasPrefix(s, secretPrefix) || len(key) < shortest || len(key) > longest {
			return nil, member, fmt.Errorf("a secret is %s and base64 of %d to %d bytes: wellspring webhooks secret makes one", secretPrefix, shortest, longest)
		}
	}
	return secrets, member, nil
}

const secretPrefix = "whsec_"

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func joined(kinds []Kind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = string(k)
	}
	return strings.Join(words, ", ")
}
