package pagetest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is one tab of a Chromium, and the person who sits before it.
type browser struct {
	tb     testing.TB
	ctx    context.Context
	home   string
	clicks int
	began  time.Time

	mu     sync.Mutex
	errors []string
	bytes  float64 // received since the last visit
}

// chromium is the path of the browser; a test is skipped where there is none.
func chromium(tb testing.TB) string {
	tb.Helper()
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	tb.Skip("no Chromium: the pages were not looked at (Debian's package chromium, or set CHROMIUM)")
	return ""
}

// open starts a browser that ends with the test.
func open(tb testing.TB, home string) *browser {
	tb.Helper()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(chromium(tb)), chromedp.WindowSize(1440, 900))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	tb.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	tb.Cleanup(cancel)
	b := &browser{tb: tb, ctx: ctx, home: home}
	if err := chromedp.Listen(ctx, b.heed); err != nil { // it starts the browser, which lives as long as this context
		tb.Fatal(err)
	}
	for _, enable := range []func() error{
		func() error { _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); return err },
		func() error { _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); return err },
		func() error {
			_, err := chromedp.Call(ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
			return err
		},
	} {
		if err := enable(); err != nil {
			tb.Fatal(err)
		}
	}
	b.ctx, stop = context.WithTimeout(ctx, 4*time.Minute)
	tb.Cleanup(stop)
	return b
}

// heed notes what the browser complains of, and how much it loads.
func (b *browser) heed(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.errors = append(b.errors, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			b.errors = append(b.errors, fmt.Sprintf("console: %s", e.Args[0].Value))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			b.errors = append(b.errors, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *network.EventLoadingFinished:
		b.bytes += e.EncodedDataLength
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, b.home) && !strings.HasPrefix(e.Request.URL, "data:") {
			b.errors = append(b.errors, "asked another host: "+e.Request.URL)
		}
	}
}

func (b *browser) run(actions ...chromedp.Action[chromedp.Void]) {
	b.tb.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.tb.Fatal(err)
	}
}

// visit opens an address of the service.
func (b *browser) visit(path string) {
	b.tb.Helper()
	b.mu.Lock()
	b.bytes = 0
	b.mu.Unlock()
	b.run(chromedp.Navigate(b.home + path))
}

// quiet fails the test where the browser complained.
func (b *browser) quiet() {
	b.tb.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, complaint := range b.errors {
		b.tb.Errorf("the browser says: %s", complaint)
	}
	b.errors = nil
}

// begin begins a task.
func (b *browser) begin() { b.clicks, b.began = 0, time.Now() }

// done reports a task: the clicks are a person's, the seconds the machine's.
func (b *browser) done(task string) {
	b.tb.Helper()
	b.tb.Logf("%s: %d clicks, %.2f s of waiting for pages", task, b.clicks, time.Since(b.began).Seconds())
	b.quiet()
}

// click clicks on what a person sees.
func (b *browser) click(selector string) {
	b.tb.Helper()
	b.clicks++
	b.run(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// write writes into an empty field.
func (b *browser) write(selector, text string) {
	b.tb.Helper()
	b.run(chromedp.SendKeys(chromedp.CSS(selector), text, chromedp.NodeVisible))
}

// says waits until the page has a text.
func (b *browser) says(texts ...string) {
	b.tb.Helper()
	for _, text := range texts {
		b.holds(fmt.Sprintf("document.querySelector('main')?.innerText.replace(/[\\u00a0\\u202f]/g, ' ').includes(%q)", text))
	}
}

// holds waits until an expression of JavaScript is true.
func (b *browser) holds(expression string) {
	b.tb.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for range 1000 {
		holds, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")")) // fails while a page gives way to the next
		if err == nil && holds {
			return
		}
		if b.ctx.Err() != nil {
			b.tb.Fatalf("waiting for %s: %v", expression, b.ctx.Err())
		}
		<-ticker.C
	}
	seen, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.href + "\n" + document.activeElement.outerHTML.slice(0, 300) + "\n" + document.body.innerText.slice(0, 2000)`))
	b.tb.Fatalf("waited in vain for %s; the page is %s", expression, seen)
}

// value is what an expression of JavaScript gives.
func value[T any](b *browser, expression string) T {
	b.tb.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.tb.Fatalf("%s: %v", expression, err)
	}
	return v
}

// look sets the window and the scheme of colours.
func (b *browser) look(width, height int64, scheme string) {
	b.tb.Helper()
	b.run(chromedp.EmulateViewport(width, height))
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
		b.tb.Fatal(err)
	}
}

// picture writes what is seen to the folder that WELLSPRING_SCREENSHOTS names.
func (b *browser) picture(name string) {
	b.tb.Helper()
	dir := os.Getenv("WELLSPRING_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.tb.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		b.tb.Fatal(err)
	}
}
