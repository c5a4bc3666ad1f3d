package mqtt_test

import (
	"testing"

	"wellspring/ingest/mqtt"
	"wellspring/lineage"
)

func TestMappingsAreChecked(t *testing.T) {
	for name, change := range map[string]func(*mqtt.Mapping){
		"no topic":            func(m *mqtt.Mapping) { m.Topic = "" },
		"a wildcard":          func(m *mqtt.Mapping) { m.Topic = "command/+/pipette" },
		"a space":             func(m *mqtt.Mapping) { m.Topic = "my command/{robot}" },
		"shared subscription": func(m *mqtt.Mapping) { m.Topic = "$share/a/b" },
		"no run":              func(m *mqtt.Mapping) { m.Run = "" },
		"an open brace":       func(m *mqtt.Mapping) { m.Run = "{session_id" },
		"no stocks":           func(m *mqtt.Mapping) { m.Stocks = nil },
		"no plate":            func(m *mqtt.Mapping) { m.Plate = "" },
		"a stock as plate":    func(m *mqtt.Mapping) { m.Plate = m.Stocks[0] },
	} {
		mapping := mqtt.LabMappings()[0]
		change(&mapping)
		_, err := mqtt.New(mqtt.Options{URL: "tcp://127.0.0.1:1883", ClientID: "c", Mappings: []mqtt.Mapping{mapping}}, newMemory())
		if lineage.KindOf(err) != lineage.ErrorInvalid {
			t.Errorf("%s: got %v, want an invalid error", name, err)
		}
	}
}
