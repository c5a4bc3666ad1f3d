package mqtt_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/ingest"
	"wellspring/ingest/intake"
	"wellspring/ingest/mqtt"
	"wellspring/lineage"
)

const ownForm = `mappings:
  - topic: lab/{bench}/dispense
    run: "{campaign}-{bench}"
    robot: "{bench}"
    command: order
    well: target
    stocks: [water, dye]
    plate: plate
`

func written(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "mappings.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestLoadMappings(t *testing.T) {
	got, err := mqtt.LoadMappings(written(t, ownForm))
	if err != nil {
		t.Fatal(err)
	}
	want := append([]mqtt.Mapping{{
		Topic: "lab/{bench}/dispense", Run: "{campaign}-{bench}", Robot: "{bench}", Command: "order", Well: "target",
		Stocks: []string{"water", "dye"}, Plate: "plate",
	}}, mqtt.LabMappings()...)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// The form out of the box, declared anew with another plate, takes its place.
	again := strings.NewReplacer("lab/{bench}/dispense", "command/ot2/{r}/pipette", "{bench}", "{r}", "plate: plate", "plate: dish").Replace(ownForm)
	got, err = mqtt.LoadMappings(written(t, again))
	if err != nil || len(got) != 1 || got[0].Plate != "dish" {
		t.Errorf("%v, %+v", err, got)
	}
}

func TestLoadMappingsNamesThePlace(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"no file":            {"", "mappings.yaml"},
		"empty":              {"mappings: []\n", "mappings"},
		"no YAML":            {"mappings: [", "mappings.yaml"},
		"an unknown member":  {strings.Replace(ownForm, "well:", "wells:", 1), "wells"},
		"a wrong type":       {strings.Replace(ownForm, "[water, dye]", "{a: 1}", 1), "[7:"},
		"no run":             {strings.Replace(ownForm, `run: "{campaign}-{bench}"`, `run: ""`, 1), "mappings[0].run"},
		"an open brace":      {strings.Replace(ownForm, "{campaign}-", "{campaign-", 1), "mappings[0].run"},
		"a wildcard":         {strings.Replace(ownForm, "lab/{bench}", "lab/+", 1), "mappings[0].topic"},
		"half a level":       {strings.Replace(ownForm, "lab/{bench}", "lab/b-{bench}", 1), "mappings[0].topic"},
		"no stocks":          {strings.Replace(ownForm, "[water, dye]", "[]", 1), "mappings[0].stocks"},
		"a stock as a plate": {strings.Replace(ownForm, "plate: plate", "plate: dye", 1), "mappings[0].plate"},
		"the same topic":     {ownForm + strings.Replace(strings.TrimPrefix(ownForm, "mappings:\n"), "{bench}/dispense", "{other}/dispense", 1), "mappings[1].topic"},
	} {
		file := written(t, c.text)
		if name == "no file" {
			file = filepath.Join(t.TempDir(), "mappings.yaml")
		}
		_, err := mqtt.LoadMappings(file)
		if lineage.KindOf(err) != lineage.ErrorInvalid || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want an error that names %s", name, err, c.says)
		}
	}
}

// A declared form becomes a run like the one out of the box.
func TestADeclaredFormIsMapped(t *testing.T) {
	mappings, err := mqtt.LoadMappings(written(t, ownForm))
	if err != nil {
		t.Fatal(err)
	}
	b, records := embedded(t), openJournal(t)
	accepted := make(chan ingest.Envelope, 4)
	up := make(chan struct{}, 1)
	door, err := mqtt.New(mqtt.Options{URL: b.url, ClientID: "door", Logger: logger(t), Mappings: mappings, OnConnection: func(is bool) {
		if is {
			up <- struct{}{}
		}
	}}, intake.New(records, intake.Options{OnAccept: func(e ingest.Envelope, _ intake.Receipt) { accepted <- e }}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- door.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	await(t, up)
	client := publisher(t, b.url)
	for topic, payload := range map[string]string{
		"lab/B2/dispense":        `{"campaign": "c7", "order": {"water": 90, "dye": 10, "target": "A1"}}`,
		"command/ot2/R1/pipette": `{"command": {"R": 1, "Y": 0, "B": 0, "well": "B2"}, "session_id": "s"}`,
	} {
		done(t, client.Publish(topic, 1, false, payload))
	}
	subjects := map[string]int{}
	for range 2 {
		e := <-accepted
		subjects[e.Event.Subject()] = strings.Count(string(e.Event.Data()), `"aspirate"`)
	}
	if diff := cmp.Diff(map[string]int{"run:c7-B2": 2, "run:s@R1": 1}, subjects); diff != "" {
		t.Error(diff)
	}
}
