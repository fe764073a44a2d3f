package peers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// program returns the path of an installed peer.
func program(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	require.NotEmpty(t, path, "%s is not set; .ci/peers.sh installs the peers and runs these tests", variable)
	return path
}

var ports = struct {
	sync.Mutex
	given map[int]bool
}{given: map[int]bool{}}

// freePort returns a port of 127.0.0.1 that nothing listens on and no other test was given.
func freePort(t *testing.T) int {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		port := l.Addr().(*net.TCPAddr).Port
		require.NoError(t, l.Close())
		if !ports.given[port] {
			ports.given[port] = true
			return port
		}
	}
	require.FailNow(t, "no free port")
	return 0
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// process is a peer that runs until the test ends.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	log  string        // what it printed
}

// start runs a program, in a process group of its own, until it listens on the port. It ends with the test.
func start(t *testing.T, port int, path string, args ...string) *process {
	t.Helper()
	p, err := launch(t.TempDir(), port, path, args...)
	if p != nil {
		t.Cleanup(func() {
			p.end(syscall.SIGTERM)
			if t.Failed() {
				text, _ := os.ReadFile(p.log)
				t.Logf("%s printed:\n%s", filepath.Base(path), text[max(0, len(text)-4<<10):])
			}
		})
	}
	require.NoError(t, err)
	return p
}

func launch(dir string, port int, path string, args ...string) (*process, error) {
	out, err := os.CreateTemp(dir, filepath.Base(path)+"-*.log")
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, done: make(chan struct{}), log: out.Name()}
	if err := os.WriteFile(p.pidFile(), nil, 0o600); err != nil {
		p.end(syscall.SIGKILL)
		return nil, err
	}
	go func() {
		defer close(p.done)
		cmd.Wait()
	}()
	return p, p.listening(port)
}

// pidFile marks a running process group for .ci/peers.sh, in case this program is killed.
func (p *process) pidFile() string {
	return filepath.Join(os.Getenv("PEERS_PIDS"), strconv.Itoa(p.cmd.Process.Pid))
}

func (p *process) listening(port int) error {
	ctx, stop := context.WithTimeout(context.Background(), 90*time.Second)
	defer stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := net.Dial("tcp", address(port))
		if err == nil {
			return conn.Close()
		}
		select {
		case <-tick.C:
		case <-p.done:
			text, _ := os.ReadFile(p.log)
			return fmt.Errorf("%s ended before it listened on port %d:\n%s", p.cmd.Path, port, text)
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s does not listen on port %d", p.cmd.Path, port), err)
		}
	}
}

// signal sends a signal to the process, not to its group.
func (p *process) signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// end stops the process and what it started. It waits until it has ended.
func (p *process) end(how syscall.Signal) {
	p.cmd.Process.Signal(how)
	select {
	case <-p.done:
	case <-time.After(5 * time.Second):
	}
	syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // what is left of its group
	<-p.done
	os.Remove(p.pidFile())
}
