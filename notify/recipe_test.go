package notify_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"wellspring/notify"
)

// The receiver of the docs, in real Python: it takes what is signed, refuses what is
// not, tells a chat once, and has us try again while the chat is away.
func TestRecipe(t *testing.T) {
	manual, err := os.ReadFile("../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	recipe, err := os.ReadFile("../examples/python/receive.py")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(manual), "```python\n")
	if shown, _, _ = strings.Cut(shown, "```"); shown == "" || !strings.Contains(string(recipe), shown) {
		t.Error("docs/webhooks.md shows another verify than examples/python/receive.py has")
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 to run examples/python/receive.py")
	}
	heard, away := make(chan string, 10), make(chan struct{}, 1)
	away <- struct{}{}
	chat := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-away:
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		default:
		}
		body, _ := io.ReadAll(r.Body)
		heard <- string(body)
	}))
	t.Cleanup(chat.Close)
	cmd := exec.CommandContext(t.Context(), python, "../examples/python/receive.py", "--listen", "127.0.0.1:0", "--ntfy", chat.URL)
	cmd.Env, cmd.Stderr = append(os.Environ(), "WELLSPRING_SECRET="+secretOf('a')), os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	address, said := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !said {
		t.Fatalf("%q, %v", line, err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()

	n, _ := open(t, path(t), nil,
		notify.Webhook{Name: "chat", URL: address, Secrets: []string{secretOf('b'), secretOf('a')}},
		notify.Webhook{Name: "stranger", URL: address, Secrets: []string{secretOf('x')}})
	alarm(t, n, "left", "it does not answer")
	if got, want := <-heard, "robot left: lost: it does not answer"; got != want {
		t.Errorf("the chat got %q, want %q", got, want)
	}
	if tested, err := n.Test(t.Context(), "stranger"); err != nil || tested.Status != http.StatusUnauthorized {
		t.Errorf("a stranger: %+v, %v", tested, err)
	}
	if s := until(t, n, func(s notify.State) bool { return s.Waiting == 0 }); s.Sent != 1 || s.Failed != 1 {
		t.Errorf("%+v, want one try that failed, and one that worked", s)
	}
}
