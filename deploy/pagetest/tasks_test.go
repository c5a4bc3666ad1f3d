package pagetest

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A scientist finds where the content of a measured well came from.
func TestFindTheOrigin(t *testing.T) {
	b := open(t, story(t).URL)
	b.begin()
	b.visit("/")
	b.write("#q", "AP-00")
	b.holds(`document.querySelector("#suggestions li span")?.textContent === "AP-0001"`)
	b.run(chromedp.KeyEvent(kb.ArrowDown))
	b.holds(`document.querySelector("#suggestions [aria-selected=true]")`)
	b.run(chromedp.KeyEvent(kb.Enter))
	b.says("ASSAY PLATE [AP-0001]", "absorbance")
	b.run(chromedp.Focus(chromedp.CSS(`[data-well="A1"]`)), chromedp.KeyEvent(kb.ArrowRight))
	b.says("200 µL", "0.8098") // the well under the keyboard
	b.click(`[data-well="A2"] rect`)
	b.says("BRD-1188", "BSA-0457", "PBS-2611-B", "0.1 mg/mL")
	b.holds(`document.querySelectorAll(".graph .node").length === 14`)
	b.done("find the origin of a measured well")

	// Folding, carry-over and the keyboard in the drawing.
	b.run(chromedp.Focus(chromedp.CSS(`.graph .root a`)), chromedp.KeyEvent("-"))
	b.holds(`document.querySelectorAll(".graph .node").length === 1 && document.querySelector(".graph").textContent.includes("13 folded")`)
	b.run(chromedp.KeyEvent("+"))
	b.holds(`document.querySelectorAll(".graph .node").length === 14`)
	b.run(chromedp.KeyEvent(kb.ArrowLeft))
	b.holds(`document.activeElement.closest(".node") && !document.activeElement.closest(".root")`)
	b.click(`.graph input[name=carryover]`)
	b.holds(`document.querySelectorAll(".graph .node.possible").length > 0`)
	b.click(`.graph .switch label:nth-of-type(2)`)
	b.holds(`[...document.querySelectorAll(".graph .node.Measurement")].length === 1`)

	// As it was known before the correction.
	moments := value[[]string](b, `[...document.querySelectorAll("select[name=asof] option")].map((o) => o.value)`)
	if len(moments) < 3 {
		t.Fatalf("moments: %v", moments)
	}
	b.run(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => { const s = document.querySelector("select[name=asof]"); s.value = %q; s.dispatchEvent(new Event("change", {bubbles: true})); })()`, moments[2])))
	b.says("as known at", "PBS-2610-A")
	b.holds(`document.querySelector("input[type=range]").value === String(document.querySelector("input[type=range]").max - 2)`)
	b.run(chromedp.Focus(chromedp.CSS(`input[type=range]`)), chromedp.KeyEvent(kb.End))
	b.holds(`document.querySelector("input[type=range]") && !document.body.innerText.includes("as known at")`)
	b.quiet()
}

// A lot was bad: an operator lists what it touches above 1 %.
func TestWhatABadLotTouches(t *testing.T) {
	s := story(t)
	b := open(t, s.URL)
	b.begin()
	b.visit("/")
	b.click(`nav a[href="/impact"]`)
	b.says("A lot was bad")
	b.write("input[name=of]", "lot:PBS-2611-B")
	b.write("input[name=min]", "1")
	b.click("form.controls button.main")
	b.says("What PBS-2611-B touches", "97", "48", "5 % to 10 %")
	b.done("list what a bad lot touches above 1 %")

	at := value[string](b, `document.querySelector("a[download]").getAttribute("href")`)
	response, err := http.Get(s.URL + at)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	rows, err := csv.NewReader(response.Body).ReadAll()
	if err != nil || len(rows) < 98 {
		t.Errorf("the CSV has %d rows: %v", len(rows), err)
	}
	b.click("table a")
	b.says("Share of lot:PBS-2611-B", "ASSAY PLATE")
	b.quiet()
}

// Why do two runs differ?
func TestWhyTwoRunsDiffer(t *testing.T) {
	b := open(t, story(t).URL)
	b.begin()
	b.visit("/")
	b.click(`nav a[href="/compare"]`)
	b.run(chromedp.SetValue(chromedp.CSS("select[name=from]"), "run:"+stockRun), chromedp.SetValue(chromedp.CSS("select[name=to]"), "run:"+assayRun))
	b.clicks += 4 // two lists opened, two runs chosen
	b.click("form.controls button.main")
	b.says("Why they differ", "PBS-2610-A, PBS-2611-B", "58 without a counterpart", "Wells that differ")
	b.done("see why two runs differ")
}

// A document failed for good: it is seen, mended, and tried again.
func TestADeadLetter(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, dir, "--max-commands", "50")
	for _, piece := range pieces(t, "runs/stock_dilution.json", 45) {
		s.send(piece)
	}
	s.stop()
	s = serve(t, dir) // with the bound that the remedy asks for
	b := open(t, s.URL)
	b.begin()
	b.visit("/")
	b.click(`nav a[href="/processing"]`)
	b.says("2 documents are not in the graph")
	b.click("[data-part=letters] th a")
	b.says("raise the limit", "What was sent")
	b.click("button.main")
	b.says("It was tried again, and is in the graph now.")
	b.done("see a dead letter and retry it")
	b.click(`a[href="/processing"]`)
	b.click("[data-part=letters] td button")
	b.says("It was tried again, and is in the graph now.")
	b.visit("/run?of=" + stockRun)
	b.says("131", "succeeded")
	b.quiet()
}

// A run is watched while it goes on; the page changes without being asked.
func TestWatchARun(t *testing.T) {
	s := serve(t, t.TempDir())
	cut := pieces(t, "runs/stock_dilution.json", 60)
	s.send(cut[0])
	b := open(t, s.URL)
	b.visit("/run?of=latest")
	b.says("running", "it goes on")
	b.holds(`document.querySelector("[data-part=state]").innerText.includes("60 of 131")`)
	b.run(chromedp.Evaluate[chromedp.Void](`window.here = true`))
	for _, piece := range cut[1:] {
		s.send(piece)
	}
	b.holds(`document.querySelector("[data-part=state]").innerText.includes("131 of 131")`)
	b.says("succeeded")
	if !value[bool](b, `window.here === true`) {
		t.Error("the page was loaded anew")
	}
	b.quiet()
}

// Somebody says what was in a tube, sees what would change, and confirms.
func TestDeclare(t *testing.T) {
	b := open(t, story(t).URL)
	b.begin()
	b.visit("/well?of=" + stockRun + "/TR-0001/B1")
	b.click(`.actions a[href^="/declare"]`)
	b.write("input[name=sample]", "LY-0042")
	b.write("input[name=by]", "M. Keller")
	b.write("input[name=reason]", "Notebook 7, page 41: tube was swapped")
	b.click("form.declare button.main")
	b.says("What would change", "LY-0042")
	b.click(`form[action="/declare"] button.main`)
	b.says("It is declared, and the graph says it now.")
	b.done("declare a sample from its tube")
	b.visit("/search?q=LY-0042")
	b.says("What LY-0042 touches")
	b.quiet()
}

// Without JavaScript everything but the drawing is there.
func TestWithoutJavaScript(t *testing.T) {
	s := story(t)
	response, err := http.Get(s.URL + "/well?of=plate:AP-0001/A2")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var text strings.Builder
	if err := response.Write(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"BRD-1188", "Everything upstream as a list", "How the content came about"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("it does not say %q", want)
		}
	}
}
