package pagetest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cdp "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// downloads lets the browser save files, and returns what finds the one that it saved.
func (b *browser) downloads() func() string {
	b.tb.Helper()
	dir := b.tb.TempDir()
	if _, err := chromedp.CallBrowser(b.ctx, cdp.SetDownloadBehavior,
		cdp.SetDownloadBehaviorParams{Behavior: cdp.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir}); err != nil {
		b.tb.Fatal(err)
	}
	return func() string {
		b.tb.Helper()
		var found []string
		until(b.tb, "the package to be saved", func() bool {
			found, _ = filepath.Glob(filepath.Join(dir, "*.zip"))
			return len(found) == 1
		})
		return found[0]
	}
}

// drop lets a file fall on an element, as a person does who drags it from a folder.
func (b *browser) drop(selector, name string) {
	b.tb.Helper()
	b.run(chromedp.SetUploadFiles(chromedp.CSS(selector+" input[type=file]"), []string{name}))
	b.run(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => {
		const form = document.querySelector(%q), dropped = new DataTransfer();
		dropped.items.add(form.elements.package.files[0]);
		form.elements.package.value = "";
		form.dispatchEvent(new DragEvent("drop", { dataTransfer: dropped, cancelable: true }));
	})()`, selector)))
	b.clicks++
}

// An auditor takes the answer about a well with them, and checks it; a forged one
// is told from it.
func TestExportAndVerify(t *testing.T) {
	b := open(t, story(t).URL)
	saved := b.downloads()
	b.begin()
	b.visit("/well?of=plate:AP-0001/A2")
	b.click("form.export button")
	name := saved()
	b.click(`nav a[href="/audit"]`)
	b.drop("form[data-drop]", name)
	b.says("Genuine", "this service’s log", "plate:AP-0001/A2")
	b.done("export and verify a package")

	// From the other pages; each stays where it is.
	for _, page := range []string{"/run?of=" + assayRun, "/impact?of=lot:PBS-2611-B&min=1", "/plate?of=plate:AP-0001"} {
		b.visit(page)
		saved := b.downloads()
		b.click("form.export button")
		name := saved()
		if at := value[string](b, "location.pathname"); !strings.HasPrefix(page, at) {
			t.Errorf("after an export from %s the browser shows %s", page, at)
		}
		b.visit("/audit")
		b.drop("form[data-drop]", name)
		b.says("Genuine")
	}

	// One byte in the middle is another; another lab's key is to be trusted.
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	forged := filepath.Join(t.TempDir(), "forged.zip")
	bad := append([]byte(nil), good...)
	bad[len(bad)/2] ^= 1
	if err := os.WriteFile(forged, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	b.visit("/audit")
	b.drop("form[data-drop]", forged)
	b.says("Not what was signed", "wrong", "Don’t rest anything on this file")
	b.holds(`document.querySelectorAll("table code").length > 0`)
	b.quiet()
	b.visit("/audit")
	b.write("form[data-drop] input[name=key]", "elsewhere+12345678+AQ==")
	b.drop("form[data-drop]", name)
	b.says("Not what was signed", "neither a key that you trust")
	b.quiet()
}

// What is no package is told, not stumbled over.
func TestVerifyWhatIsNoPackage(t *testing.T) {
	s := serve(t, t.TempDir())
	response, err := http.Post(s.URL+"/audit/verify", "text/plain", strings.NewReader("no form"))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("a request without a form is answered with %s", response.Status)
	}
	b := open(t, s.URL)
	name := filepath.Join(t.TempDir(), "notes.zip")
	if err := os.WriteFile(name, []byte("not a zip file"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.visit("/audit")
	b.drop("form[data-drop]", name)
	b.says("Not what was signed", "it is no zip file, or was cut")
	b.quiet()
}
