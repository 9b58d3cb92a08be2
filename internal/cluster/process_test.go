package cluster_test

import (
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/faulttest"
)

// patience is how long the processes may take for anything on a busy machine.
const patience = 5 * time.Minute

// process is a process of a service.
type process struct {
	faulttest.Process

	metrics string // The URL of its metrics, if it has some.
}

// newProcess returns a process with its own environment, that runs in a folder.
func newProcess(name string, arguments, environment []string, folder string) *process {
	return &process{Process: faulttest.Process{Name: name, Restart: true, Command: func() *exec.Cmd {
		command := exec.Command(arguments[0], arguments[1:]...)
		command.Env, command.Dir = environment, folder

		return command
	}}}
}

// responds returns a function that reports whether a server responds to a URL with status 200.
func responds(url string) func(context.Context) bool {
	return func(ctx context.Context) bool {
		_, err := faulttest.Get(ctx, url)

		return err == nil
	}
}

// awaitReady waits until the process is ready.
func (p *process) awaitReady(t *testing.T) {
	t.Helper()
	require.NoError(t, p.AwaitReady(t.Context(), patience))
}
