package neo4jtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// errNone: there is no Neo4j here and none can be started.
var errNone = errors.New("no Neo4j to test with")

// A Process is a Neo4j server on 127.0.0.1 with a home of its own and without
// authentication.
type Process struct {
	URI  string // Bolt
	HTTP string // Neo4j Browser is at /browser/
	home string
	lib  string
	bolt string // host:port
	cmd  *exec.Cmd
	life io.Closer
	gone []func() // lets go of servers that were killed
}

// guarded is a command that ends when this process does, however that ends: a
// shell beside it waits for the end of standard input, which is the end of
// whoever holds the other end of that pipe, kills it and removes home.
func guarded(home string, command ...string) *exec.Cmd {
	const script = `
home=$1; shift
exec 3<&0 </dev/null
( cat <&3 >/dev/null; kill -9 $$; sleep 1; rm -rf "$home" ) >/dev/null 2>&1 &
exec 3<&-
exec "$@"`
	return exec.Command("sh", append([]string{"-c", script, "sh", home}, command...)...)
}

// Start starts a server and waits until it answers. It ends with Stop, or
// with this process.
func Start(ctx context.Context) (*Process, error) {
	return startWith(ctx, func(context.Context, string, string) error { return nil })
}

// StartImported starts a server on a database that neo4j-admin made from the files
// in a folder, as its import.args tells it.
func StartImported(ctx context.Context, dir string) (*Process, error) {
	return startWith(ctx, func(ctx context.Context, lib, home string) error {
		args := append(java(home, lib, "1g"), "org.neo4j.cli.AdminTool", "database", "import", "full", "neo4j", "@import.args", "--verbose")
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "NEO4J_HOME="+home, "NEO4J_CONF="+home)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("neo4j-admin could not import %s: %w\n%s", dir, err, out)
		}
		return nil
	})
}

// java is the beginning of a command that runs one of the server's classes.
func java(home, lib, memory string) []string {
	args := []string{"java", "-Xmx" + memory, "-XX:+UseParallelGC", "-Djava.io.tmpdir=" + home}
	for _, pkg := range []string{"java.nio", "java.io", "sun.nio.ch", "java.util.concurrent"} {
		args = append(args, "--add-opens=java.base/"+pkg+"=ALL-UNNAMED")
	}
	return append(args, "-cp", filepath.Join(lib, "*"))
}

// startWith starts a server in a home that prepare got before.
func startWith(ctx context.Context, prepare func(ctx context.Context, lib, home string) error) (*Process, error) {
	for _, tool := range []string{"java", "mvn", "sh"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("%w: %s is not installed", errNone, tool)
		}
	}
	lib, err := jars(ctx)
	if err != nil {
		return nil, err
	}
	// Somebody else may take a free port before the server does.
	for range 3 {
		var p *Process
		if p, err = start(ctx, lib, prepare); err == nil {
			return p, nil
		}
	}
	return nil, err
}

func start(ctx context.Context, lib string, prepare func(ctx context.Context, lib, home string) error) (*Process, error) {
	home, err := os.MkdirTemp("", "neo4j-")
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	bolt, http := "127.0.0.1:"+ports[0], "127.0.0.1:"+ports[1]
	conf := `server.default_listen_address=127.0.0.1
server.bolt.listen_address=` + bolt + `
server.bolt.advertised_address=` + bolt + `
server.http.listen_address=` + http + `
server.http.advertised_address=` + http + `
server.https.enabled=false
server.memory.pagecache.size=256m
dbms.security.auth_enabled=false
dbms.usage_report.enabled=false
`
	if err := os.WriteFile(filepath.Join(home, "neo4j.conf"), []byte(conf), 0o644); err != nil {
		return nil, err
	}
	if err := prepare(ctx, lib, home); err != nil {
		return nil, errors.Join(err, os.RemoveAll(home))
	}
	p := &Process{URI: "bolt://" + bolt, HTTP: "http://" + http, home: home, lib: lib, bolt: bolt}
	return p, p.run(ctx)
}

// run starts the server and waits until it answers. Where it does not, everything
// is stopped.
func (p *Process) run(ctx context.Context) error {
	log, err := os.Create(filepath.Join(p.home, "out.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	args := append(java(p.home, p.lib, "1g"), "org.neo4j.server.CommunityEntryPoint", "--home-dir="+p.home, "--config-dir="+p.home)
	p.cmd = guarded(p.home, args...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if p.life, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	if err := p.await(ctx, p.bolt); err != nil {
		said, _ := os.ReadFile(filepath.Join(p.home, "logs", "neo4j.log"))
		shouted, _ := os.ReadFile(log.Name())
		p.Stop()
		return fmt.Errorf("start Neo4j: %w\n%s%s", err, said, shouted)
	}
	return nil
}

// Kill ends the server at once, in whatever it is doing. What it kept stays for
// Restart.
func (p *Process) Kill() {
	cmd, life := p.cmd, p.life
	cmd.Process.Kill()
	var dialer net.Dialer
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		conn, err := dialer.DialContext(context.Background(), "tcp", p.bolt)
		if err != nil { // it is gone, and so are its locks
			tick.Stop()
			break
		}
		conn.Close()
	}
	// The shell beside it waits on, and the server stays a zombie, until Stop: else
	// the shell could kill who got its id meanwhile, and take away the home.
	p.gone = append(p.gone, func() {
		life.Close()
		cmd.Wait()
	})
}

// Restart starts a server that was killed again, at the same address and on what it
// kept, with more lines of configuration, which hold until the next restart.
func (p *Process) Restart(ctx context.Context, lines ...string) error {
	file := filepath.Join(p.home, "neo4j.conf")
	before, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	err = os.WriteFile(file, []byte(string(before)+strings.Join(lines, "\n")+"\n"), 0o644)
	if err == nil {
		err = p.run(ctx)
	}
	return errors.Join(err, os.WriteFile(file, before, 0o644))
}

// await waits until the server listens, up to five minutes: a busy machine takes
// more than one.
func (p *Process) await(ctx context.Context, bolt string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "tcp", bolt)
		if err == nil {
			return conn.Close()
		}
		// The server's process is left as a zombie on purpose, so that nobody
		// else gets its id before the watchdog has used it.
		var status syscall.WaitStatus
		if pid, _ := syscall.Wait4(p.cmd.Process.Pid, &status, syscall.WNOHANG, nil); pid == p.cmd.Process.Pid {
			return errors.New("the server ended by itself")
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it does not listen: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Stop ends the server and removes what it kept.
func (p *Process) Stop() {
	p.life.Close()
	p.cmd.Process.Kill()
	p.cmd.Wait()
	for _, letGo := range p.gone {
		letGo()
	}
}

// freePorts returns n ports of the loopback interface that are free now.
func freePorts(n int) ([]string, error) {
	var ports []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			return nil, err
		}
		ports = append(ports, port)
	}
	return ports, nil
}
