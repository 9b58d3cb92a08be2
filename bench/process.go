package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
)

const (
	startTime = 90 * time.Second // For a process to become ready.
	stopTime  = 20 * time.Second // For a process to end after SIGTERM.
)

// process is a process that the benchmark has started.
type process struct {
	command *exec.Cmd
	ended   chan struct{}
	output  *output
}

// startProcess starts a process, which ends with this one.
func startProcess(environment []string, path string, arguments ...string) (*process, error) {
	command := exec.Command(path, arguments...) //nolint:gosec,noctx // Its end is that of the benchmark.
	command.Env = append(os.Environ(), environment...)
	command.SysProcAttr = endWithParent()

	p := &process{command: command, ended: make(chan struct{}), output: newOutput()}
	command.Stdout, command.Stderr = p.output, p.output

	started := make(chan error)

	go func() {
		// The kernel ends the process when the thread that started it ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.ended)

		err := command.Start()
		started <- err

		if err == nil {
			_ = command.Wait() // The error is expected after a signal; the output explains a failed start.
		}
	}()

	if err := <-started; err != nil {
		return nil, err
	}

	return p, nil
}

// launch starts a process, and returns the parts of its output that a pattern finds when it is ready. The benchmark stops it at
// the end.
func (b *bench) launch(environment []string, ready, path string, arguments ...string) (*process, []string, error) {
	p, err := startProcess(environment, path, arguments...)
	if err != nil {
		return nil, nil, err
	}

	b.stops = append(b.stops, p.stop)
	found, err := p.await(ready)

	return p, found, err
}

// await waits until the output matches the pattern, and returns the texts of its groups.
func (p *process) await(pattern string) ([]string, error) {
	expression, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}

	deadline := time.After(startTime)

	for {
		text, changed := p.output.text()
		if found := expression.FindStringSubmatch(text); found != nil {
			return found[1:], nil
		}

		select {
		case <-changed:
		case <-p.ended:
			text, _ = p.output.text()

			return nil, fmt.Errorf("%s ended before it was ready (%s):\n%s", p.command.Path, p.command.ProcessState, text)
		case <-deadline:
			return nil, fmt.Errorf("%s is not ready after %s:\n%s", p.command.Path, startTime, text)
		}
	}
}

// stop ends the process.
func (p *process) stop() error {
	if err := p.command.Process.Signal(syscall.SIGTERM); errors.Is(err, os.ErrProcessDone) {
		return nil
	}

	select {
	case <-p.ended:
		return nil
	case <-time.After(stopTime):
		return p.kill()
	}
}

// kill ends the process with SIGKILL.
func (p *process) kill() error {
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}

	<-p.ended

	return nil
}

// cpu returns the CPU time of the process so far, in seconds.
func (p *process) cpu(context.Context) (float64, error) { return cpuOf(p.command.Process.Pid) }

// memory returns the anonymous memory of the process in bytes, which is that without files.
func (p *process) memory() (float64, error) {
	process, err := procfs.NewProc(p.command.Process.Pid)
	if err != nil {
		return 0, err
	}

	status, err := process.NewStatus()

	return float64(status.RssAnon), err
}

// cpuOf returns the CPU time of a process so far, in seconds.
func cpuOf(pid int) (float64, error) {
	process, err := procfs.NewProc(pid)
	if err != nil {
		return 0, err
	}

	stat, err := process.Stat()

	return stat.CPUTime(), err
}

// output is what a process has printed.
type output struct {
	mutex   sync.Mutex
	printed strings.Builder
	changed chan struct{} // Closed at the next change.
}

var _ io.Writer = (*output)(nil)

func newOutput() *output { return &output{changed: make(chan struct{})} }

// Write appends to the output, up to a limit: a process may log for a long time.
func (o *output) Write(text []byte) (int, error) {
	const limit = 64 << 10

	o.mutex.Lock()
	defer o.mutex.Unlock()

	if o.printed.Len() < limit {
		o.printed.Write(text)
	}

	close(o.changed)
	o.changed = make(chan struct{})

	return len(text), nil
}

// text returns the output so far, and a channel that is closed when there is more.
func (o *output) text() (text string, changed <-chan struct{}) {
	o.mutex.Lock()
	defer o.mutex.Unlock()

	return o.printed.String(), o.changed
}
