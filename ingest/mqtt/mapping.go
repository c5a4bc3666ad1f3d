package mqtt

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"wellspring/lineage"
)

const opMap = "map a lab's message"

// Mapping declares how a lab's own JSON, on topics of its own, becomes part of a
// run. In templates {name} stands for a level of the topic or, where no level
// has that name, for a member of the payload.
type Mapping struct {
	// Topic is a filter whose varying levels have names: command/ot2/{robot}/pipette.
	Topic string `yaml:"topic"`
	Run   string `yaml:"run"`   // template of the run's id
	Robot string `yaml:"robot"` // template of the robot's serial number; empty: not said
	// Command is the member that holds what the robot was told: an object.
	Command string   `yaml:"command"`
	Well    string   `yaml:"well"`   // the member of Command that names the well filled
	Stocks  []string `yaml:"stocks"` // the members of Command that are volumes in µL, each drawn from the stock of its name
	Plate   string   `yaml:"plate"`  // what the labware with the wells is called in the run
}

// LabMappings are the mappings that work out of the box.
func LabMappings() []Mapping {
	return []Mapping{{
		Topic: "command/ot2/{robot}/pipette", Run: "{session_id}@{robot}", Robot: "{robot}",
		Command: "command", Well: "well", Stocks: []string{"R", "Y", "B"}, Plate: "plate",
	}}
}

func (m Mapping) validate() error {
	if member, hint := m.fault(); member != "" {
		return lineage.Invalid(opMap, "topic "+m.Topic+": "+member, hint)
	}
	return nil
}

// fault names the first member that is wrong, and what would be right.
func (m Mapping) fault() (member, hint string) {
	for _, must := range []struct{ member, value, hint string }{
		{"topic", m.Topic, "give the topic, with names in braces for its varying levels: lab/{robot}/pipette"},
		{"run", m.Run, "give a template of the run's id, such as {session_id}@{robot}"},
		{"command", m.Command, "name the member of the payload that holds what the robot was told"},
		{"well", m.Well, "name the member of the command that names the well"},
		{"plate", m.Plate, "say what the labware with the wells is called"},
	} {
		if must.value == "" {
			return must.member, must.hint
		}
	}
	switch {
	case strings.ContainsAny(m.Topic, "+# \x00") || strings.HasPrefix(m.Topic, "$share/"):
		return "topic", "use a topic whose varying levels are names in braces: lab/{robot}/pipette"
	case !braced(m.Topic):
		return "topic", "a name in braces is a whole level: lab/{robot}/pipette"
	case strings.Count(m.Run, "{") != strings.Count(m.Run, "}"):
		return "run", "close each brace"
	case strings.Count(m.Robot, "{") != strings.Count(m.Robot, "}"):
		return "robot", "close each brace"
	case len(m.Stocks) == 0:
		return "stocks", "list the members of the command that are volumes in µL"
	case slices.Contains(m.Stocks, ""):
		return "stocks", "give each a name"
	case slices.Contains(m.Stocks, m.Plate):
		return "plate", "name the plate as no stock is named"
	}
	return "", ""
}

// braced reports whether braces stand around whole levels only.
func braced(topic string) bool {
	for _, level := range strings.Split(topic, "/") {
		name, named := levelName(level)
		if named && name == "" || strings.ContainsAny(name, "{}") {
			return false
		}
	}
	return true
}

// filter is the topic filter to subscribe to.
func (m Mapping) filter() string {
	levels := strings.Split(m.Topic, "/")
	for i, level := range levels {
		if _, named := levelName(level); named {
			levels[i] = "+"
		}
	}
	return strings.Join(levels, "/")
}

func levelName(level string) (string, bool) {
	return strings.TrimSuffix(strings.TrimPrefix(level, "{"), "}"), strings.HasPrefix(level, "{") && strings.HasSuffix(level, "}")
}

// match returns the named levels of a topic, if it is one of the mapping's.
func (m Mapping) match(topic string) (map[string]string, bool) {
	want, got := strings.Split(m.Topic, "/"), strings.Split(topic, "/")
	if len(want) != len(got) {
		return nil, false
	}
	names := make(map[string]string)
	for i, level := range want {
		if name, named := levelName(level); named {
			names[name] = got[i]
		} else if level != got[i] {
			return nil, false
		}
	}
	return names, true
}

// command is a command of a run, as the robot's HTTP API writes it.
type command struct {
	ID          string         `json:"id"`
	Type        string         `json:"commandType"`
	Status      string         `json:"status"`
	CreatedAt   time.Time      `json:"createdAt"`
	StartedAt   time.Time      `json:"startedAt"`
	CompletedAt time.Time      `json:"completedAt"`
	Params      map[string]any `json:"params"`
}

// document translates a message that was heard at a time into a piece of a run.
// The lab's own words stay in it, in a comment. The same message is always the
// same commands: their ids come from topic and payload.
func (m Mapping) document(topic string, levels map[string]string, payload []byte, heard time.Time) ([]byte, error) {
	var said map[string]json.RawMessage
	if err := json.Unmarshal(payload, &said); err != nil {
		return nil, &lineage.Error{Op: opMap, Kind: lineage.ErrorInvalid, ID: "topic " + topic, Hint: "publish a JSON object", Err: err}
	}
	run, err := fill(m.Run, levels, said)
	if err != nil {
		return nil, err
	}
	header := map[string]any{"id": run, "status": "running", "labware": m.labware()}
	if m.Robot != "" {
		if header["robotSerial"], err = fill(m.Robot, levels, said); err != nil {
			return nil, err
		}
	}
	sum := sha256.Sum256(append([]byte(topic+"\x00"), payload...))
	c := composer{prefix: hex.EncodeToString(sum[:8]), heard: heard.UTC()}
	c.add("comment", map[string]any{"message": "message on " + topic, "said": said})
	if err := m.transfers(&c, said); err != nil {
		return nil, err
	}
	document, err := json.Marshal(map[string]any{"runId": run, "run": header, "commands": c.commands})
	if err != nil {
		return nil, &lineage.Error{Op: opMap, Kind: lineage.ErrorInternal, ID: "topic " + topic, Err: err}
	}
	return document, nil
}

// labware is the same list in every message: the stocks and the plate.
func (m Mapping) labware() []map[string]string {
	list := make([]map[string]string, 0, len(m.Stocks)+1)
	for _, name := range append([]string{m.Plate}, m.Stocks...) {
		list = append(list, map[string]string{"id": name, "displayName": name})
	}
	return list
}

// composer writes commands down in order.
type composer struct {
	prefix   string
	heard    time.Time
	commands []command
}

func (c *composer) add(kind string, params map[string]any) {
	c.commands = append(c.commands, command{
		ID: fmt.Sprintf("%s-%03d", c.prefix, len(c.commands)), Type: kind, Status: "succeeded",
		CreatedAt: c.heard, StartedAt: c.heard, CompletedAt: c.heard, Params: params,
	})
}

// transfers adds what was moved: from each stock into the well, with a fresh
// tip, because nothing is said of tips. A command that names no volumes moves nothing.
func (m Mapping) transfers(c *composer, said map[string]json.RawMessage) error {
	var told map[string]json.RawMessage
	if err := json.Unmarshal(said[m.Command], &told); err != nil {
		return &lineage.Error{Op: opMap, Kind: lineage.ErrorInvalid, ID: m.Command, Hint: "publish an object as " + m.Command, Err: err}
	}
	for _, stock := range m.Stocks {
		place := m.Command + "." + stock
		var volume float64
		if err := json.Unmarshal(told[stock], &volume); told[stock] != nil && (err != nil || volume < 0) {
			return lineage.Invalid(opMap, place, "give a volume in µL, a number from 0")
		}
		if volume == 0 {
			continue
		}
		var well string
		if err := json.Unmarshal(told[m.Well], &well); err != nil || well == "" {
			return lineage.Invalid(opMap, m.Command+"."+m.Well, "name the well, such as B2")
		}
		c.add("aspirate", map[string]any{"pipetteId": "pipette", "labwareId": stock, "wellName": "A1", "volume": volume})
		c.add("dispense", map[string]any{"pipetteId": "pipette", "labwareId": m.Plate, "wellName": well, "volume": volume})
		c.add("dropTipInPlace", map[string]any{"pipetteId": "pipette"})
	}
	return nil
}

// fill puts levels and members where a template names them.
func fill(template string, levels map[string]string, said map[string]json.RawMessage) (string, error) {
	var filled strings.Builder
	for {
		before, rest, found := strings.Cut(template, "{")
		filled.WriteString(before)
		if !found {
			return filled.String(), nil
		}
		name, after, _ := strings.Cut(rest, "}")
		text, known := levels[name]
		if !known {
			text = word(said[name])
		}
		if text == "" {
			return "", lineage.Invalid(opMap, name, "give it, as a text or a number: it is part of the run's name")
		}
		filled.WriteString(text)
		template = after
	}
}

// word is a text or a number as text; anything else is none.
func word(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		return string(bytes.TrimSpace(raw))
	}
	return ""
}
