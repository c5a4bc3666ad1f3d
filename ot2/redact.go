package ot2

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// redacted stands where something was taken out.
const redacted = "[redacted]"

// Redact takes secrets and personal data out of a payload before it is stored:
// tokens, passwords, keys and cookies by the name of their member, bearer and
// basic credentials and JSON web tokens wherever they stand in a text, and every
// header but those known to be harmless. It names the places, such as
// data.headers.Authorization.
//
// A payload without any comes back unchanged, byte for byte. One that is no
// JSON, or is nested too deep, is searched as text; its places are lines.
func Redact(payload []byte) (clean []byte, places []string) {
	if checkBounds(opDetect, payload, Limits{Bytes: int64(len(payload)), Depth: DefaultLimits().Depth}) != nil || !json.Valid(payload) {
		return redactText(payload)
	}
	r := redactor{text: payload}
	r.value(value{text: payload}, false)
	return r.result()
}

// redactMember is Redact for the value of one member, which is valid JSON.
func redactMember(name string, text []byte) ([]byte, []string) {
	r := redactor{text: text}
	r.member([]byte(name), value{text: text}, inNothing)
	return r.result()
}

// redactor walks a document and copies what it does not take out.
type redactor struct {
	text   []byte
	kept   int64 // up to here text is in clean
	clean  []byte
	place  []byte
	places []string
}

func (r *redactor) result() ([]byte, []string) {
	if len(r.places) == 0 {
		return r.text, nil
	}
	return append(r.clean, r.text[r.kept:]...), r.places
}

func (r *redactor) value(v value, headers bool) {
	switch {
	case v.isObject():
		r.object(v, headers)
	case v.isArray():
		r.array(v, headers)
	case v.isString():
		r.string(v, headers)
	}
}

// step walks what is one step further in.
func (r *redactor) step(name []byte, v value, visit func(value)) {
	outer := len(r.place)
	if outer > 0 && name[0] != '[' {
		r.place = append(r.place, '.')
	}
	r.place = append(r.place, name...)
	visit(v)
	r.place = r.place[:outer]
}

// surroundings say what an object is that a member stands in.
type surroundings int

const (
	inNothing surroundings = iota
	inHeaders              // {"Authorization": "…"}
	inHeader               // {"name": "Authorization", "value": "…"}
)

func (r *redactor) object(v value, headers bool) {
	in := inNothing
	if headers {
		in = inHeaders
		if name, ok := headerName(v); ok {
			in = inHeader
			if harmlessHeader(name) {
				in = inNothing
			}
		}
	}
	for key, member := range v.members() {
		r.member(key, member, in)
	}
}

func (r *redactor) member(key []byte, v value, in surroundings) {
	name := plainName(key)
	if len(key) == 0 {
		key = []byte(`""`)
	}
	r.step(key, v, func(v value) {
		switch {
		case secretName(name), in == inHeaders && !harmlessHeader(name), in == inHeader && name == "value":
			r.remove(v)
		default:
			r.value(v, strings.HasSuffix(name, "headers"))
		}
	})
}

// headerName returns the name of an object that is one header.
func headerName(v value) (string, bool) {
	name := v.member("name")
	if name.null() {
		name = v.member("key")
	}
	if !name.isString() || v.member("value").null() {
		return "", false
	}
	return plainName([]byte(unquote(name.text))), true
}

func (r *redactor) array(v value, headers bool) {
	header := "" // in a list of names and values in turn, the name before
	for i, element := range v.elements() {
		name := strconv.AppendInt([]byte{'['}, int64(i), 10)
		r.step(append(name, ']'), element, func(element value) {
			switch {
			case !headers || !element.isString():
				r.value(element, headers)
			case header != "":
				if harmlessHeader(header) {
					r.string(element, false)
				} else {
					r.remove(element)
				}
				header = ""
			case bytes.IndexByte(element.text, ':') < 0:
				header = plainName([]byte(unquote(element.text)))
			default:
				r.string(element, true)
			}
		})
	}
}

func (r *redactor) string(v value, headers bool) {
	text := unquote(v.text)
	if r.inner(v, text) {
		return
	}
	clean := redactLine(text)
	if headers {
		clean = redactHeaderLines(clean)
	}
	if clean != text {
		r.replace(v, quote([]byte(clean)))
	}
}

// inner redacts JSON within a string, as the robot's pre-serialized commands
// are. It reports whether there was any.
func (r *redactor) inner(v value, text string) bool {
	if text == "" || text[0] != '{' && text[0] != '[' || !json.Valid([]byte(text)) {
		return false
	}
	within := redactor{text: []byte(text), place: r.place}
	within.value(value{text: within.text}, false)
	if clean, places := within.result(); len(places) > 0 {
		r.replace(v, quote(clean))
		r.places = append(r.places[:len(r.places)-1], places...)
	}
	return true
}

// redactHeaderLines redacts headers that are written as "Name: value" lines.
func redactHeaderLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		name, content, ok := strings.Cut(line, ":")
		if ok && !harmlessHeader(plainName([]byte(name))) && strings.TrimSpace(content) != "" {
			lines[i] = name + ": " + redacted
		}
	}
	return strings.Join(lines, "\n")
}

// remove takes a value out. What says nothing stays.
func (r *redactor) remove(v value) {
	switch {
	case v.null(), v.text[0] == 't', v.text[0] == 'f', string(v.text) == `""`, string(v.text) == `"`+redacted+`"`:
	default:
		r.replace(v, []byte(`"`+redacted+`"`))
	}
}

func (r *redactor) replace(v value, by []byte) {
	r.clean = append(append(r.clean, r.text[r.kept:v.at]...), by...)
	r.kept = v.at + int64(len(v.text))
	r.places = append(r.places, string(r.place))
}

// plainName writes a member's name in one way: x-api-key, X_API_KEY and xApiKey
// are xapikey.
func plainName(name []byte) string {
	var plain [64]byte
	n := 0
	for _, c := range name {
		switch {
		case c == '-' || c == '_' || c == ' ' || c == '\r':
			continue
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		if n == len(plain) {
			break
		}
		plain[n] = c
		n++
	}
	return string(plain[:n])
}

// secretName reports whether what stands under a name is secret anywhere.
func secretName(name string) bool {
	switch name {
	case "authorization", "proxyauthorization", "cookie", "setcookie", "cookies", "secret", "clientsecret", "secretkey",
		"password", "passwd", "passphrase", "apikey", "xapikey", "apitoken", "privatekey", "credential", "credentials":
		return true
	}
	return strings.HasSuffix(name, "token")
}

// harmlessHeader reports whether a header says something about the message
// only, and nothing about a person. All others may.
func harmlessHeader(name string) bool {
	switch name {
	case "accept", "acceptencoding", "acceptlanguage", "age", "allow", "cachecontrol", "connection", "contentencoding", "contentlength",
		"contentlanguage", "contenttype", "date", "etag", "expires", "host", "keepalive", "lastmodified", "opentronsversion", "pragma", "retryafter",
		"server", "te", "trailer", "transferencoding", "upgrade", "useragent", "vary", "via", "xrequestid":
		return true
	}
	return false
}

// credentials matches secrets that give themselves away in any text.
var credentials = []*regexp.Regexp{
	regexp.MustCompile(`(?i)\b((?:bearer|basic)\s+)([A-Za-z0-9._~+/-]{8,}=*)`),
	regexp.MustCompile(`()\b(eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*)`),
	regexp.MustCompile(`([a-z][a-z0-9+.-]*://)([^/\s:@"]+:[^/\s@"]+)@`),
	regexp.MustCompile(`(?s)(-----BEGIN [A-Z ]*PRIVATE KEY-----)(.+?)(?:-----END|$)`),
}

// redactLine takes credentials out of a text.
func redactLine(text string) string {
	if !suspicious(text) {
		return text
	}
	for _, pattern := range credentials {
		text = replaceSecond(pattern, text)
	}
	return text
}

// suspicious reports whether a text may hold credentials, at little cost.
func suspicious(text string) bool {
	for i := 0; i+5 <= len(text); i++ {
		switch text[i] {
		case 'b', 'B':
			if strings.EqualFold(text[i:i+5], "beare") || strings.EqualFold(text[i:i+5], "basic") {
				return true
			}
		case 'e':
			if text[i:i+3] == "eyJ" {
				return true
			}
		case ':':
			if text[i:i+3] == "://" {
				return true
			}
		case '-':
			if text[i:i+5] == "-----" {
				return true
			}
		}
	}
	return false
}

// replaceSecond redacts the second group of every match.
func replaceSecond(pattern *regexp.Regexp, text string) string {
	var b strings.Builder
	kept := 0
	for _, m := range pattern.FindAllStringSubmatchIndex(text, -1) {
		if strings.HasPrefix(text[m[4]:m[5]], redacted) {
			continue
		}
		b.WriteString(text[kept:m[4]])
		b.WriteString(redacted + strings.Repeat("\n", strings.Count(text[m[4]:m[5]], "\n"))) // lines keep their numbers
		kept = m[5]
	}
	if kept == 0 {
		return text
	}
	return b.String() + text[kept:]
}

// named matches a secret member or header in what is no whole JSON.
var named = regexp.MustCompile(`(?im)(["']?[\w-]*(?:authorization|cookies?|password|passwd|passphrase|secret|(?:secret|private|api)[-_]?key|credentials?|token)["']?\s*[:=]\s*)("(?:[^"\\\n]|\\.)*"?|[^\s,;"'}\]][^\n,;}]*)`)

// headed matches headers in what is no whole JSON, to the end of their object or list.
var headed = regexp.MustCompile(`(?i)("[\w-]*headers"\s*:\s*)([{](?:"(?:[^"\\\n]|\\.)*"?|[^}"\n])*[}]?|\[(?:"(?:[^"\\\n]|\\.)*"?|[^\]"\n])*\]?)`)

// redactText redacts what can't be taken apart. Everything that follows the
// name of a secret on its line goes.
func redactText(payload []byte) ([]byte, []string) {
	text := redactLine(string(payload))
	text = replaceSecond(named, replaceSecond(headed, text))
	if text == string(payload) {
		return payload, nil
	}
	var places []string
	before, after := strings.Split(string(payload), "\n"), strings.Split(text, "\n")
	for i, line := range before {
		if i < len(after) && line != after[i] {
			places = append(places, fmt.Sprintf("line %d", i+1))
		}
	}
	return []byte(text), places
}
