package chaos_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// process is a process that can be killed and started again with the same command.
type process struct {
	name    string
	http    string // The base URL of its endpoints for operators, if it has one.
	command func() *exec.Cmd
	ready   func() bool // Reports whether it accepts requests.

	mutex   sync.Mutex
	running *exec.Cmd
	exited  chan struct{}
	output  tail
}

// start starts the process without waiting until it is ready.
func (p *process) start() error {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	command := p.command()
	command.Stdout, command.Stderr = &p.output, &p.output
	// The kernel kills it when the test process ends, however that ends.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}

	if err := command.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}

	exited := make(chan struct{})
	p.running, p.exited = command, exited

	go func() {
		_ = command.Wait() // It fails after a kill. The method stop reads the exit code.

		close(exited)
	}()

	return nil
}

// awaitReady waits until the process is ready.
func (p *process) awaitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()

	for !p.ready() {
		if ctx.Err() != nil {
			return fmt.Errorf("%s is not ready:\n%s", p.name, &p.output)
		}

		pause(ctx, 20*time.Millisecond)
	}

	return nil
}

// kill kills the process without a chance to clean up, and returns when it has ended.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.exited
}

func (p *process) signal(signal syscall.Signal) {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	_ = p.running.Process.Signal(signal) // It fails if the process has ended, which callers notice when they wait.
}

// stop terminates the process gracefully and returns its exit code.
func (p *process) stop(t *testing.T) int {
	t.Helper()
	p.signal(syscall.SIGTERM)

	select {
	case <-p.exited:
	case <-time.After(time.Minute):
		p.kill()
		require.Fail(t, "the process does not end", "output of %s:\n%s", p.name, &p.output)
	}

	return p.running.ProcessState.ExitCode()
}

// tail is a writer that stores only the last few kilobytes.
type tail struct {
	mutex sync.Mutex
	last  bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()

	const limit = 4 << 10

	t.last.Write(p)
	t.last.Next(max(0, t.last.Len()-limit))

	return len(p), nil
}

func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()

	return t.last.String()
}

// temporalCommand returns a command that runs the binary of this test as a Temporal server, see [TestMain].
func temporalCommand(environment ...string) (*exec.Cmd, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}

	command := exec.Command(path)
	command.Env = append(os.Environ(), environment...)

	return command, nil
}
