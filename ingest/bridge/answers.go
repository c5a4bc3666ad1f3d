package bridge

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// page is a list as the robot writes it.
type page[T any] struct {
	Data []T `json:"data"`
	Meta struct {
		Cursor      int `json:"cursor"`
		TotalLength int `json:"totalLength"`
	} `json:"meta"`
}

type single[T any] struct {
	Data T `json:"data"`
}

// header is a run as GET /runs and GET /runs/{id} tell it, with the text it was told in.
type header struct {
	ID          string    `json:"id"`
	Status      string    `json:"status"`
	Current     bool      `json:"current"`
	OK          *bool     `json:"ok"` // from 7.1 on; false: the robot lost its data
	CreatedAt   time.Time `json:"createdAt"`
	StartedAt   time.Time `json:"startedAt"`
	CompletedAt time.Time `json:"completedAt"`
	ProtocolID  string    `json:"protocolId"`
	DataError   *struct {
		Detail string `json:"detail"`
	} `json:"dataError"`
	Actions []struct {
		Type string `json:"actionType"`
	} `json:"actions"`
	Pipettes []map[string]json.RawMessage `json:"pipettes"`

	raw json.RawMessage
}

// UnmarshalJSON implements json.Unmarshaler.
func (h *header) UnmarshalJSON(text []byte) error {
	type plainHeader header
	if err := json.Unmarshal(text, (*plainHeader)(h)); err != nil {
		return err
	}
	h.raw = bytes.Clone(text)
	return nil
}

// final reports whether the run has ended, by its status.
func (h *header) final() bool {
	switch h.Status {
	case "succeeded", "failed", "stopped":
		return true
	}
	return false
}

// played reports whether somebody let the run begin.
func (h *header) played() bool {
	for _, a := range h.Actions {
		if a.Type == "play" {
			return true
		}
	}
	return !h.StartedAt.IsZero()
}

// lost reports whether the robot says that it has lost the run's data.
func (h *header) lost() bool { return h.OK != nil && !*h.OK || h.DataError != nil }

// hash tells two headers of one run apart. Whether the robot holds the run as its
// current one is not part of what was done.
func (h *header) hash() string {
	var members map[string]json.RawMessage
	if json.Unmarshal(h.raw, &members) != nil {
		return ""
	}
	delete(members, "current")
	text, err := json.Marshal(members) // sorted by name
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// summary is a command of a list, without its result.
type summary struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Intent string `json:"intent"`
	Status string `json:"status"`

	raw json.RawMessage
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *summary) UnmarshalJSON(text []byte) error {
	type plainSummary summary
	if err := json.Unmarshal(text, (*plainSummary)(s)); err != nil {
		return err
	}
	s.raw = bytes.Clone(text)
	return nil
}

func (s *summary) final() bool { return s.Status == "succeeded" || s.Status == "failed" }

// health is what a robot says of itself.
type health struct {
	Name     string `json:"name"`
	Software string `json:"api_version"`
	Serial   string `json:"robot_serial"`
	Model    string `json:"robot_model"`
}

// protocol is what a robot says of a protocol that a run uses.
type protocol struct {
	ID       string `json:"id"`
	Metadata struct {
		Name string `json:"protocolName"`
	} `json:"metadata"`
	Summaries []struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	} `json:"analysisSummaries"`
}
