package cluster_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// restartDelay is that of Docker for a container that has run for some seconds.
	restartDelay = 100 * time.Millisecond

	// patience is how long the processes may take for anything on a busy machine.
	patience = 5 * time.Minute
)

// process is a process of a long-running service. If it ends without a request, it is started again, as Docker does.
type process struct {
	name        string
	arguments   []string
	environment []string
	folder      string
	grace       time.Duration // How long it may take to stop; then it is killed, as Docker does.
	abrupt      bool          // Whether SIGTERM ends it at once, because it does not handle the signal.
	health      string        // The URL that responds while the process is ready.
	listens     string        // If it has no health check, an address that accepts connections while it is ready.
	metrics     string        // The URL of its metrics, if it has some.

	mutex    sync.Mutex
	running  *exec.Cmd
	started  time.Time
	ended    chan struct{} // Closed when the running process has ended.
	stopping bool
	output   tail
	counts   struct{ kills, stops, overdue, exits int }
}

// start starts the process without waiting until it is ready.
func (p *process) start() error {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	p.stopping = false

	return p.spawn()
}

// spawn starts the process. The caller has locked the mutex.
func (p *process) spawn() error {
	command := exec.Command(p.arguments[0], p.arguments[1:]...)
	command.Env, command.Dir = p.environment, p.folder
	command.Stdout, command.Stderr = &p.output, &p.output
	// The kernel kills it when the test process ends, however that ends.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}

	if err := command.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}

	ended := make(chan struct{})
	p.running, p.started, p.ended = command, time.Now(), ended

	go func() {
		_ = command.Wait() // It fails after a kill.

		p.mutex.Lock()
		defer p.mutex.Unlock()

		close(ended)

		if !p.stopping {
			p.counts.exits++
			time.AfterFunc(restartDelay, p.restart)
		}
	}()

	return nil
}

// restart starts the process after it has ended by itself or was killed.
func (p *process) restart() {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	if p.stopping {
		return
	}

	if err := p.spawn(); err != nil {
		fmt.Fprintln(&p.output, err) // Then the process never becomes ready.
	}
}

// kill kills the process without a chance to clean up, and returns when it has ended.
func (p *process) kill() {
	p.mutex.Lock()
	p.counts.kills++
	ended := p.ended
	_ = p.running.Process.Signal(syscall.SIGKILL) // It fails if the process has just ended.
	p.mutex.Unlock()

	<-ended
}

// stop requests the end of the process, and returns when it has ended. The error is that of a process that fails at its end.
func (p *process) stop() error {
	p.mutex.Lock()
	p.stopping = true
	p.counts.stops++
	running, ended := p.running, p.ended
	_ = running.Process.Signal(syscall.SIGTERM) // It fails if the process has just ended.
	p.mutex.Unlock()

	select {
	case <-ended:
	case <-time.After(p.grace):
		_ = running.Process.Signal(syscall.SIGKILL)
		<-ended

		p.counts.overdue++

		return nil
	}

	if code := running.ProcessState.ExitCode(); code != 0 && !p.abrupt {
		return fmt.Errorf("%s ended with status %d after SIGTERM:\n%s", p.name, code, &p.output)
	}

	return nil
}

// remove kills the process for good.
func (p *process) remove() {
	p.mutex.Lock()
	p.stopping = true
	ended := p.ended
	_ = p.running.Process.Signal(syscall.SIGKILL) // It fails if the process has ended.
	p.mutex.Unlock()

	<-ended
}

// pid returns the ID of the process, and how long it has run.
func (p *process) pid() (id int, age time.Duration) {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	return p.running.Process.Pid, time.Since(p.started)
}

// awaitReady waits until the process is ready.
func (p *process) awaitReady(t *testing.T) {
	t.Helper()

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()

	for !p.isReady(ctx) {
		pause(ctx, 50*time.Millisecond)
		require.NoError(t, ctx.Err(), "%s is not ready:\n%s", p.name, &p.output)
	}
}

func (p *process) isReady(ctx context.Context) bool {
	if p.health == "" {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.listens)

		return err == nil && connection.Close() == nil
	}

	_, err := get(ctx, p.health)

	return err == nil
}

// get returns the body of a response with status 200.
func get(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}

	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}

	var body bytes.Buffer

	_, err = body.ReadFrom(response.Body)
	if response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s responded %s", url, response.Status)
	}

	return body.Bytes(), errors.Join(err, response.Body.Close())
}

// pause waits for the duration, or until ctx ends.
func pause(ctx context.Context, duration time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(duration):
	}
}

// tail is a writer that stores only the last few kilobytes.
type tail struct {
	mutex sync.Mutex
	last  bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()

	const limit = 8 << 10

	t.last.Write(p)
	t.last.Next(max(0, t.last.Len()-limit))

	return len(p), nil
}

func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()

	return t.last.String()
}
