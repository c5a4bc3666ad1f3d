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
	cmd  *exec.Cmd
	life io.Closer
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
		if p, err = start(ctx, lib); err == nil {
			return p, nil
		}
	}
	return nil, err
}

func start(ctx context.Context, lib string) (*Process, error) {
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
	log, err := os.Create(filepath.Join(home, "out.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()

	args := []string{"java", "-Xmx1g", "-XX:+UseParallelGC", "-Djava.io.tmpdir=" + home}
	for _, pkg := range []string{"java.nio", "java.io", "sun.nio.ch", "java.util.concurrent"} {
		args = append(args, "--add-opens=java.base/"+pkg+"=ALL-UNNAMED")
	}
	args = append(args, "-cp", filepath.Join(lib, "*"),
		"org.neo4j.server.CommunityEntryPoint", "--home-dir="+home, "--config-dir="+home)
	cmd := guarded(home, args...)
	cmd.Stdout, cmd.Stderr = log, log
	life, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{URI: "bolt://" + bolt, HTTP: "http://" + http, home: home, cmd: cmd, life: life}
	if err := p.await(ctx, bolt); err != nil {
		said, _ := os.ReadFile(filepath.Join(home, "logs", "neo4j.log"))
		shouted, _ := os.ReadFile(log.Name())
		p.Stop()
		return nil, fmt.Errorf("start Neo4j: %w\n%s%s", err, said, shouted)
	}
	return p, nil
}

// await waits until the server listens, up to a minute and a half.
func (p *Process) await(ctx context.Context, bolt string) error {
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
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
