package chaos_test

import (
	"context"
	"os"
	"os/exec"
	"time"

	"github.com/jobwright/jobwright/internal/faulttest"
)

// process is a process that is started again only after its kill.
type process struct {
	faulttest.Process

	http string // The base URL of its endpoints for operators, if it has one.
}

// newProcess returns a process that is ready when a server responds to a URL with status 200.
func newProcess(name, health string, command func() *exec.Cmd) *process {
	ready := func(ctx context.Context) bool {
		_, err := faulttest.Get(ctx, health)

		return err == nil
	}

	return &process{Process: faulttest.Process{Name: name, Command: command, Grace: time.Minute, Ready: ready}}
}

// awaitReady waits until the process is ready.
func (p *process) awaitReady() error { return p.AwaitReady(context.Background(), 2*time.Minute) }

// temporalCommand returns a command that runs the binary of this test as a Temporal server, see [TestMain].
func temporalCommand(environment ...string) *exec.Cmd {
	path, err := os.Executable()
	if err != nil {
		panic(err) // The path of a running executable is known.
	}

	command := exec.Command(path)
	command.Env = append(os.Environ(), environment...)

	return command
}
