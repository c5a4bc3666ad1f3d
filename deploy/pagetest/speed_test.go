package pagetest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// plate384 is the record of a run that fills 384 wells with a buffer, then gives
// each its share of a dye.
func plate384(tb testing.TB) []byte {
	tb.Helper()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	var commands []any
	add := func(kind string, params, result map[string]any) {
		id := fmt.Sprintf("c%05d", len(commands))
		stamp := at.Add(time.Duration(len(commands)) * time.Second).Format(time.RFC3339Nano)
		commands = append(commands, map[string]any{"id": id, "key": id, "commandType": kind, "status": "succeeded", "createdAt": stamp, "startedAt": stamp,
			"completedAt": stamp, "params": params, "result": result})
	}
	load := func(id, slot, name, category string, columns, rows int, capacity float64) {
		ordering, wells := make([][]string, columns), map[string]any{}
		for c := range columns {
			for r := range rows {
				well := fmt.Sprintf("%c%d", 'A'+r, c+1)
				ordering[c] = append(ordering[c], well)
				wells[well] = map[string]any{"shape": "circular", "diameter": 3, "depth": 10, "totalLiquidVolume": capacity,
					"x": 12 + 4.5*float64(c), "y": 80 - 4.5*float64(r), "z": 1}
			}
		}
		add("loadLabware", map[string]any{"location": map[string]any{"slotName": slot}, "loadName": name, "namespace": "pagetest", "version": 1, "displayName": id},
			map[string]any{"labwareId": id, "definition": map[string]any{"schemaVersion": 2, "version": 1, "namespace": "pagetest",
				"metadata":   map[string]any{"displayName": id, "displayCategory": category, "displayVolumeUnits": "µL"},
				"parameters": map[string]any{"format": "irregular", "isTiprack": category == "tipRack", "loadName": name},
				"ordering":   ordering, "wells": wells}})
	}
	load("plate", "1", "plate_384", "wellPlate", 24, 16, 110)
	load("trough", "4", "trough", "reservoir", 2, 1, 100_000)
	load("tips", "7", "tips", "tipRack", 12, 8, 20)
	add("loadPipette", map[string]any{"pipetteName": "p20_single_gen2", "mount": "left"}, map[string]any{"pipetteId": "p"})
	wells := map[string]float64{}
	for c := range 24 {
		for r := range 16 {
			wells[fmt.Sprintf("%c%d", 'A'+r, c+1)] = 40
		}
	}
	add("loadLiquid", map[string]any{"liquidId": "buffer", "labwareId": "plate", "volumeByWell": wells}, map[string]any{})
	add("loadLiquid", map[string]any{"liquidId": "dye", "labwareId": "trough", "volumeByWell": map[string]float64{"A1": 50_000}}, map[string]any{})
	add("pickUpTip", map[string]any{"pipetteId": "p", "labwareId": "tips", "wellName": "A1"}, map[string]any{"tipVolume": 20.0})
	for c := range 24 {
		for r := range 16 {
			ul := 1 + float64(c*16+r)/40
			add("aspirate", map[string]any{"pipetteId": "p", "labwareId": "trough", "wellName": "A1", "volume": ul}, map[string]any{"volume": ul})
			add("dispense", map[string]any{"pipetteId": "p", "labwareId": "plate", "wellName": fmt.Sprintf("%c%d", 'A'+r, c+1), "volume": ul}, map[string]any{"volume": ul})
		}
	}
	run := map[string]any{"id": "run-of-384-wells", "status": "succeeded", "createdAt": at.Format(time.RFC3339), "startedAt": at.Format(time.RFC3339),
		"completedAt": at.Add(time.Hour).Format(time.RFC3339), "pipettes": []any{map[string]any{"id": "p", "pipetteName": "p20_single_gen2", "mount": "left"}},
		"liquids": []any{map[string]any{"id": "buffer", "displayName": "buffer", "description": ""}, map[string]any{"id": "dye", "displayName": "dye", "description": ""}}}
	text, err := json.Marshal(map[string]any{"data": run, "commands": map[string]any{"data": commands, "meta": map[string]any{"totalLength": len(commands)}}})
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// A plate of 384 wells is drawn whole, and its impact graph, of a thousand nodes,
// is grouped and can be opened.
func TestAPlateOf384(t *testing.T) {
	s := serve(t, t.TempDir())
	s.send(plate384(t))
	b := open(t, s.URL)
	b.visit("/plate?of=latest/1&by=share:dye")
	b.holds(`document.querySelectorAll("[data-well] rect.valued").length === 384`)
	b.picture("plate-384")
	b.visit("/impact?of=lot:dye")
	b.says("385", "grouped by plate")
	b.holds(`document.querySelectorAll(".graph .node").length < 20`)
	b.click(`.graph .node a[href="#"]`)
	b.holds(`document.querySelectorAll(".graph .node").length > 300`)
	b.quiet()
}

// BenchmarkFirstViewOf384 measures the map of 384 wells: the page as it comes from
// the service, and until it is painted in Chromium.
func BenchmarkFirstViewOf384(b *testing.B) {
	s := serve(b, b.TempDir())
	s.send(plate384(b))
	tab := open(b, s.URL)
	var answered, painted float64
	tab.visit("/")
	for b.Loop() {
		began := time.Now()
		response, err := http.Get(s.URL + "/plate?of=latest/1&by=share:dye")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			b.Fatal(err)
		}
		_ = response.Body.Close()
		answered += time.Since(began).Seconds()
		tab.visit("/plate?of=latest/1&by=share:dye")
		tab.holds(`performance.getEntriesByName("first-contentful-paint").length`)
		painted += value[float64](tab, `performance.getEntriesByName("first-contentful-paint")[0].startTime`)
	}
	b.ReportMetric(1000*answered/float64(b.N), "ms/answer")
	b.ReportMetric(painted/float64(b.N), "ms/paint")
}

// BenchmarkGraphOf1000 measures a drawing of some thousand nodes, not grouped:
// laid out by the service, and drawn.
func BenchmarkGraphOf1000(b *testing.B) {
	s := serve(b, b.TempDir())
	s.send(plate384(b))
	tab := open(b, s.URL)
	tab.visit("/impact?of=lot:buffer")
	tab.holds(`document.querySelector(".graph .node")`)
	ask := s.URL + "/graph?" + url.Values{"of": {"lot:buffer"}, "direction": {"downstream"}, "group": {"none"}}.Encode()
	var answered, drawn float64
	nodes := 0
	for b.Loop() {
		began := time.Now()
		response, err := http.Get(ask)
		if err != nil {
			b.Fatal(err)
		}
		var drawing struct{ Nodes []any }
		if err := json.NewDecoder(response.Body).Decode(&drawing); err != nil {
			b.Fatal(err)
		}
		_ = response.Body.Close()
		nodes = len(drawing.Nodes)
		answered += time.Since(began).Seconds()
		tab.visit("/impact?of=lot:buffer")
		tab.holds(`document.querySelector(".graph .node")`)
		began = time.Now()
		tab.holds(`(() => { const s = document.querySelector(".graph select[name=group]"); if (s.value !== "none") { s.value = "none"; s.dispatchEvent(new Event("change", {bubbles: true})); } return document.querySelectorAll(".graph .node").length > 700; })()`)
		drawn += time.Since(began).Seconds()
	}
	b.ReportMetric(float64(nodes), "nodes")
	b.ReportMetric(1000*answered/float64(b.N), "ms/answer")
	b.ReportMetric(1000*drawn/float64(b.N), "ms/drawn")
}
