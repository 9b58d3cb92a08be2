// Package testserver runs real database servers for tests. Each test binary starts its own server, from the system's packages,
// when a test first needs it, and stops it at its end. S3 servers run inside the test binary, one for each test.
//
// A package whose tests use it defines:
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
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// patience is the time limit for the start and the stop of a server.
const patience = time.Minute

// Main runs the tests, stops all servers that they started, and removes their folders. If the test binary is killed, its
// servers end, but their folders remain.
func Main(m *testing.M) {
	m.Run() // Package testing exits with its result.

	if err := servers.close(); err != nil {
		fmt.Fprintln(os.Stderr, "testserver:", err)
	}
}

// servers stops all servers that the test binary has started.
var servers group

// group collects the functions to call at the end.
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
	for _, closer := range slices.Backward(g.closers) { // Stop a server before its folder is removed.
		err = errors.Join(err, closer())
	}

	g.closers = nil

	return err
}

// Close stops all servers that a program has started, and removes their folders.
func Close() error { return servers.close() }

// missingError is for a machine without a server.
type missingError string

func (e missingError) Error() string { return string(e) }

// require ends a test whose server fails, and skips one whose server is not installed. On a build server that is a failure, too:
// skipped tests would go unnoticed.
func require(tb testing.TB, err error) {
	tb.Helper()

	if _, isMissing := errors.AsType[missingError](err); isMissing && os.Getenv("CI") != "true" {
		tb.Skip(err)
	}

	if err != nil {
		tb.Fatal(err)
	}
}

// newFolder creates a folder that the servers' user owns, until all servers are closed. That user can't access the temporary
// folders of tests.
func newFolder(name string) (string, error) {
	folder, err := os.MkdirTemp("", "jobwright-"+name+"-")
	if err != nil {
		return "", err
	}

	servers.add(func() error { return os.RemoveAll(folder) })

	return folder, changeOwner(folder)
}

// freePort returns a free port of the loopback interface.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}

	port := listener.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // The address of a TCP listener.

	return port, listener.Close()
}

// run runs a program that ends by itself, as the servers' user. Its error includes the output.
func run(folder, path string, args ...string) error {
	command := exec.Command(path, args...) //nolint:gosec,noctx // It is a program of a server's package and ends by itself.
	command.Dir = folder
	command.SysProcAttr = attributes(syscall.SIGKILL)

	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", path, err, output)
	}

	return nil
}

// process is the process of a server, which can be stopped or killed and started again.
type process struct {
	path   string
	args   []string
	folder string         // The working directory.
	port   int            // Its port of the loopback interface.
	ready  string         // The output that shows that it accepts connections.
	stops  syscall.Signal // The signal for a stop that does not wait for clients.
	dies   syscall.Signal // The signal that the process gets when the test binary dies.

	databases atomic.Int64 // The number of databases that were created.

	mu      sync.Mutex
	command *exec.Cmd
	ended   <-chan struct{} // Closed when the process and all of its children have ended.
}

// newName returns the name of a new database.
func (p *process) newName() string { return fmt.Sprintf("test%d", p.databases.Add(1)) }

// serve starts the process, until all servers are closed.
func (p *process) serve() error {
	err := p.start()
	if err == nil {
		servers.add(p.stop)
	}

	return err
}

// Stop stops the server, which closes all connections. The databases remain.
func (p *process) Stop(tb testing.TB) {
	tb.Helper()
	require(tb, p.stop())
}

// Kill kills the server with SIGKILL.
func (p *process) Kill(tb testing.TB) {
	tb.Helper()
	require(tb, p.kill())
}

// Start starts the server again after Stop or Kill, on the same port.
func (p *process) Start(tb testing.TB) {
	tb.Helper()
	require(tb, p.start())
}

// PID returns the ID of the server's process, whose children serve the connections.
func (p *process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()

	return p.command.Process.Pid
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
		_ = command.Process.Kill() // The error below is decisive.

		return fmt.Errorf("%s does not accept connections after %s:\n%s", p.path, patience, output)
	}
}

// spawn starts a command and returns a channel that is closed at its end. The kernel sends the signal of Pdeathsig when the
// thread that started the command ends, so this thread is locked until then.
func spawn(command *exec.Cmd) (<-chan struct{}, error) {
	started, ended := make(chan error), make(chan struct{})

	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(ended)

		err := command.Start()
		started <- err

		if err == nil {
			_ = command.Wait() // The error is expected after a kill; the output explains a failed start.
		}
	}()

	return ended, <-started
}

// stop requests the end of the process and waits for it.
func (p *process) stop() error { return p.signal(p.stops) }

// kill kills the process and waits for the end of its children.
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

// watched receives the output of a process and reports when it contains a text.
type watched struct {
	text  string
	found chan struct{}

	mu      sync.Mutex
	done    bool
	written bytes.Buffer
}

// Write stores the output until the text is found: it may explain why the process does not start.
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
