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

// process is one that is killed and started again, each time with the same command.
type process struct {
	name    string
	http    string // The address at which it answers operators, where it has one.
	command func() *exec.Cmd
	ready   func() bool // Whether it serves.

	mutex   sync.Mutex
	running *exec.Cmd
	exited  chan struct{}
	printed tail
}

// start starts the process. It does not wait until it serves.
func (p *process) start() error {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	command := p.command()
	command.Stdout, command.Stderr = &p.printed, &p.printed
	// The kernel ends it with the test, whatever becomes of that.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}

	if err := command.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}

	exited := make(chan struct{})
	p.running, p.exited = command, exited

	go func() {
		_ = command.Wait() // It is killed, mostly; who stops it looks at its state.

		close(exited)
	}()

	return nil
}

// await waits until the process serves.
func (p *process) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()

	for !p.ready() {
		if ctx.Err() != nil {
			return fmt.Errorf("%s does not serve:\n%s", p.name, &p.printed)
		}

		pause(ctx, 20*time.Millisecond)
	}

	return nil
}

// kill ends the process as a power cut would, and returns when it has ended.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.exited
}

func (p *process) signal(signal syscall.Signal) {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	_ = p.running.Process.Signal(signal) // That it has ended is seen by who waits for it.
}

// stop asks the process to end, and returns its exit code.
func (p *process) stop(t *testing.T) int {
	t.Helper()
	p.signal(syscall.SIGTERM)

	select {
	case <-p.exited:
	case <-time.After(time.Minute):
		p.kill()
		require.Fail(t, "it does not end", "%s printed:\n%s", p.name, &p.printed)
	}

	return p.running.ProcessState.ExitCode()
}

// tail keeps the end of what is written to it.
type tail struct {
	mutex sync.Mutex
	last  bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()

	const enough = 4 << 10

	t.last.Write(p)
	t.last.Next(max(0, t.last.Len()-enough))

	return len(p), nil
}

func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()

	return t.last.String()
}

// self returns the command that runs this test's own binary as a Temporal.
func self(environment ...string) (*exec.Cmd, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}

	command := exec.Command(path)
	command.Env = append(os.Environ(), environment...)

	return command, nil
}
