package e2e_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// commandsDir returns the folder of the commands. They are built without the race detector, which would find no race in them: it
// skips the test if that is on.
func commandsDir(tb testing.TB) string {
	tb.Helper()

	if hasRaceDetector {
		tb.Skip("the commands are built without the race detector")
	}

	dir, err := buildCommands()
	require.NoError(tb, err)

	return dir
}

// buildCommands builds the commands once.
var buildCommands = sync.OnceValues(func() (dir string, err error) {
	dir = filepath.Join(shared.dir, "bin") + string(filepath.Separator)

	build := exec.Command("go", "build", "-o", dir, "../../cmd/...")
	build.Stderr = os.Stderr

	return dir, build.Run()
})

// process is a started command with its output so far.
type process struct {
	command *exec.Cmd
	exited  chan struct{}

	mutex   sync.Mutex
	printed strings.Builder
	changed *sync.Cond
}

// launch starts one of the commands. It is killed at the end of the test.
func launch(tb testing.TB, env []string, name string, arguments ...string) *process {
	tb.Helper()

	command := exec.Command(commandsDir(tb)+name, arguments...)
	command.Env = append(os.Environ(), env...)

	return start(tb, command)
}

// start starts a process. It is killed at the end of the test.
func start(tb testing.TB, command *exec.Cmd) *process {
	tb.Helper()

	p := &process{command: command, exited: make(chan struct{})}
	p.changed = sync.NewCond(&p.mutex)

	reader, writer := io.Pipe()
	p.command.Stdout, p.command.Stderr = writer, writer

	require.NoError(tb, p.command.Start())

	read := make(chan struct{})

	go func() {
		defer close(read)

		p.read(reader)
	}()
	go func() {
		_ = p.command.Wait() // Tests check the exit code.
		_ = writer.Close()

		<-read
		close(p.exited)
	}()

	tb.Cleanup(func() {
		p.kill()

		if tb.Failed() {
			tb.Logf("%s printed:\n%s", command, p.output())
		}
	})

	return p
}

func (p *process) read(reader io.Reader) {
	lines := bufio.NewReader(reader)

	for {
		line, err := lines.ReadString('\n')

		p.mutex.Lock()
		p.printed.WriteString(line)
		p.changed.Broadcast()
		p.mutex.Unlock()

		if err != nil {
			return
		}
	}
}

func (p *process) output() string {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	return p.printed.String()
}

// await waits until the process has printed a text that matches the pattern, and returns its first group.
func (p *process) await(tb testing.TB, pattern string) string {
	tb.Helper()

	expression := regexp.MustCompile(pattern)

	// Wake the waiting test when the process ends or the time is over.
	timer := time.AfterFunc(2*time.Minute, p.kill)
	defer timer.Stop()

	go func() {
		<-p.exited
		p.changed.Broadcast()
	}()

	p.mutex.Lock()
	defer p.mutex.Unlock()

	for {
		if found := expression.FindStringSubmatch(p.printed.String()); found != nil {
			return found[len(found)-1]
		}

		select {
		case <-p.exited:
			require.Fail(tb, "the process ended before it printed "+pattern, p.printed.String())
		default:
			p.changed.Wait()
		}
	}
}

// kill ends the process with SIGKILL.
func (p *process) kill() {
	_ = p.command.Process.Kill()
	<-p.exited
}

// end waits until the process ends, and returns its exit code.
func (p *process) end(tb testing.TB) int {
	tb.Helper()

	timer := time.AfterFunc(2*time.Minute, p.kill)
	defer timer.Stop()

	<-p.exited

	return p.command.ProcessState.ExitCode()
}

// interrupt sends SIGINT, as Ctrl-C does.
func (p *process) interrupt(tb testing.TB) {
	tb.Helper()

	require.NoError(tb, p.command.Process.Signal(syscall.SIGINT))
}
