package faulttest

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// RestartDelay is that of Docker for a container that has run for some seconds.
const RestartDelay = 100 * time.Millisecond

// Process is a process that a test kills, stops, and starts again with the same command.
type Process struct {
	Name    string
	Command func() *exec.Cmd               // Returns the command for a start.
	Ready   func(ctx context.Context) bool // Reports whether it accepts requests.
	Grace   time.Duration                  // How long it may take to stop; then it is killed, as Docker does.
	Abrupt  bool                           // Whether SIGTERM ends it at once, because it does not handle the signal.
	Restart bool                           // Whether it is started again if it ends without a request, as Docker does.

	mutex    sync.Mutex
	running  *exec.Cmd
	started  time.Time
	ended    chan struct{} // Closed when the running process has ended.
	stopping bool
	output   tail
	ends     Ends
	failures []string
}

// Ends are numbers of ends of a process.
type Ends struct {
	Kills   int // By [Process.Kill].
	Overdue int // Stops that took longer than the grace period.
}

// Start starts the process without waiting until it is ready.
func (p *Process) Start() error {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	p.stopping = false

	return p.spawn()
}

// spawn starts the process. The caller has locked the mutex.
func (p *Process) spawn() error {
	command := p.Command()
	command.Stdout, command.Stderr = &p.output, &p.output
	// The kernel kills it when the test process ends, however that ends.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}

	if err := command.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}

	ended := make(chan struct{})
	p.running, p.started, p.ended = command, time.Now(), ended

	go func() {
		_ = command.Wait() // It fails after a kill. The method Stop reads the exit code.

		p.mutex.Lock()
		defer p.mutex.Unlock()

		close(ended)

		if p.stopping {
			return
		}

		if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signal() != syscall.SIGKILL {
			p.failures = append(p.failures, command.ProcessState.String()+": "+lastLine(p.output.String()))
		}

		if p.Restart {
			time.AfterFunc(RestartDelay, p.restart)
		}
	}()

	return nil
}

// restart starts the process after it has ended without a request.
func (p *Process) restart() {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	if p.stopping {
		return
	}

	if err := p.spawn(); err != nil {
		_, _ = fmt.Fprintln(&p.output, err) // Then the process never becomes ready.
	}
}

// Failures returns, for each end of the process by itself, its exit status and the last line that it had printed.
func (p *Process) Failures() []string {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	return slices.Clone(p.failures)
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)

	return text[strings.LastIndex(text, "\n")+1:]
}

// Signal sends a signal to the process.
func (p *Process) Signal(signal syscall.Signal) {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	_ = p.running.Process.Signal(signal) // It fails if the process has ended.
}

// Kill kills the process without a chance to clean up, and returns when it has ended.
func (p *Process) Kill() {
	p.mutex.Lock()
	p.ends.Kills++
	ended := p.ended
	_ = p.running.Process.Signal(syscall.SIGKILL) // It fails if the process has just ended.
	p.mutex.Unlock()

	<-ended
}

// Stop requests the end of the process, and returns when it has ended. The error is that of a process that fails at its end.
func (p *Process) Stop() error {
	p.mutex.Lock()
	p.stopping = true
	running, ended := p.running, p.ended
	_ = running.Process.Signal(syscall.SIGTERM) // It fails if the process has just ended.
	p.mutex.Unlock()

	select {
	case <-ended:
	case <-time.After(p.Grace):
		_ = running.Process.Signal(syscall.SIGKILL)
		<-ended

		p.mutex.Lock()
		defer p.mutex.Unlock()

		p.ends.Overdue++

		return nil
	}

	if code := running.ProcessState.ExitCode(); code != 0 && !p.Abrupt {
		return fmt.Errorf("%s ended with status %d after SIGTERM:\n%s", p.Name, code, &p.output)
	}

	return nil
}

// Remove kills the process for good.
func (p *Process) Remove() {
	p.mutex.Lock()
	p.stopping = true
	ended := p.ended
	_ = p.running.Process.Signal(syscall.SIGKILL) // It fails if the process has ended.
	p.mutex.Unlock()

	<-ended
}

// PID returns the ID of the process, and how long it has run.
func (p *Process) PID() (id int, age time.Duration) {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	return p.running.Process.Pid, time.Since(p.started)
}

// Ends returns how often the process has ended.
func (p *Process) Ends() Ends {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	return p.ends
}

// Output returns the last kilobytes that the process has printed.
func (p *Process) Output() string { return p.output.String() }

// AwaitReady waits until the process is ready. The error is that it was not within the patience.
func (p *Process) AwaitReady(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()

	for !p.Ready(ctx) {
		Pause(ctx, 20*time.Millisecond)

		if ctx.Err() != nil {
			return fmt.Errorf("%s is not ready:\n%s", p.Name, &p.output)
		}
	}

	return nil
}

// Pause waits for the duration, or until ctx ends.
func Pause(ctx context.Context, duration time.Duration) {
	timer := time.NewTimer(duration)
	defer timer.Stop()

	select {
	case <-ctx.Done():
	case <-timer.C:
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
