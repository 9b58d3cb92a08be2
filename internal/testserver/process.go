// Package testserver runs real database servers for tests: each test binary starts its own, from the system's packages,
// when the first test asks for it, and stops them at its end. A server of S3 is no process, and each test's own.
//
// A package whose tests use it hands its TestMain over:
//
//	func TestMain(m *testing.M) { testserver.Main(m) }
package testserver

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a server may take to start or to stop before the tests give up on it.
const patience = time.Minute

// Main runs the tests and then stops every server that they started, and removes what the servers kept. A test binary
// that is killed takes its servers with it, but their folders stay.
func Main(m *testing.M) {
	m.Run() // Its result is the process's too: the testing package sees to it.

	if err := servers.close(); err != nil {
		fmt.Fprintln(os.Stderr, "testserver:", err)
	}
}

// servers are all that the test binary started.
var servers group

// group collects what has to be closed at the end.
type group struct {
	mu      sync.Mutex
	closers []func() error
}

func (g *group) add(closer func() error) {
	g.mu.Lock()
	defer g.mu.Unlock()

	g.closers = append(g.closers, closer)
}

func (g *group) close() error {
	g.mu.Lock()
	defer g.mu.Unlock()

	var err error
	for _, closer := range slices.Backward(g.closers) { // A server's folder goes after the server.
		err = errors.Join(err, closer())
	}

	g.closers = nil

	return err
}

// missing ends a test whose server is not installed: on a build server that is a failure, as nobody would notice tests
// that never run.
func missing(tb testing.TB, what, hint string) {
	tb.Helper()

	if os.Getenv("CI") == "true" {
		tb.Fatalf("%s is not installed here; %s", what, hint)
	}

	tb.Skipf("%s is not installed here; %s", what, hint)
}

// newFolder makes a folder that the servers' user owns. It is none of a test's own, because that user can't reach those.
func newFolder(name string) (string, error) {
	folder, err := os.MkdirTemp("", "jobwright-"+name+"-")
	if err != nil {
		return "", err
	}

	return folder, giveAway(folder)
}

// freePort returns a port of the loopback interface on which nobody listens.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}

	port := listener.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // That of a TCP listener is one.

	return port, listener.Close()
}

// run runs a program that ends by itself, as the servers' user, and returns what it wrote.
func run(folder, path string, args ...string) error {
	command := exec.Command(path, args...) //nolint:gosec,noctx // It is a program of a server's package and ends by itself.
	command.Dir = folder
	command.SysProcAttr = attributes(syscall.SIGKILL)

	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", path, err, output)
	}

	return nil
}

// process is a server's process, which can be stopped or killed and started again.
type process struct {
	path   string
	args   []string
	folder string         // In which it runs.
	ready  string         // What it writes when it accepts connections.
	stops  syscall.Signal // What asks it to stop, without waiting for its clients.
	dies   syscall.Signal // What it gets when the test binary dies.

	mu      sync.Mutex
	command *exec.Cmd
	ended   <-chan struct{} // Closed when the process and all of its children are gone.
}

// start starts the process and returns when it accepts connections.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()

	if p.command != nil {
		return nil
	}

	output := &watched{text: p.ready, found: make(chan struct{})}
	command := exec.Command(p.path, p.args...) //nolint:gosec,noctx // It is a server's program, and stop ends it.
	command.Dir = p.folder
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = attributes(p.dies)

	ended, err := spawn(command)
	if err != nil {
		return err
	}

	select {
	case <-output.found:
		p.command, p.ended = command, ended

		return nil
	case <-ended:
		return fmt.Errorf("%s ended before it accepted connections:\n%s", p.path, output)
	case <-time.After(patience):
		_ = command.Process.Kill() // What matters is told below.

		return fmt.Errorf("%s does not accept connections after %s:\n%s", p.path, patience, output)
	}
}

// spawn starts a command and returns a channel that is closed at its end. The kernel takes the end of the thread that
// started it for the end of the whole test binary, so that thread does nothing else until then.
func spawn(command *exec.Cmd) (<-chan struct{}, error) {
	started, ended := make(chan error), make(chan struct{})

	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(ended)

		err := command.Start()
		started <- err

		if err == nil {
			_ = command.Wait() // A server that was killed reports so, and one that can't start writes why.
		}
	}()

	return ended, <-started
}

// stop asks the process to stop and returns when it has.
func (p *process) stop() error { return p.signal(p.stops) }

// kill ends the process as a crash would, and returns when its children have noticed.
func (p *process) kill() error { return p.signal(syscall.SIGKILL) }

func (p *process) signal(signal syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()

	if p.command == nil {
		return nil
	}

	if err := p.command.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}

	select {
	case <-p.ended:
		p.command = nil

		return nil
	case <-time.After(patience):
		return fmt.Errorf("%s does not end after %s", p.path, patience)
	}
}

// watched takes what a process writes and tells when a text was among it.
type watched struct {
	text  string
	found chan struct{}

	mu      sync.Mutex
	done    bool
	written bytes.Buffer
}

// Write keeps what is written until the text was found: until then it may tell why it never will be.
func (w *watched) Write(data []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()

	if w.done {
		return len(data), nil
	}

	w.written.Write(data)

	if strings.Contains(w.written.String(), w.text) {
		w.done = true
		w.written.Reset()
		close(w.found)
	}

	return len(data), nil
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()

	return w.written.String()
}
