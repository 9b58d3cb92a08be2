package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
)

// temporalBinary builds the command that runs the embedded Temporal, without the race detector.
var temporalBinary = sync.OnceValues(func() (path string, err error) {
	path = filepath.Join(shared.dir, "temporal-standalone")

	build := exec.Command("go", "build", "-o", path, "../temporalserver/standalone")
	build.Stderr = os.Stderr

	return path, build.Run()
})

// temporalProcess is a Temporal in a process of its own, which ends with this one.
type temporalProcess struct {
	Frontend string `json:"frontend"` // The address of the frontend, host:port.
	UI       string `json:"ui"`       // The address of the UI, host:port.

	command *exec.Cmd
	input   io.Closer
}

// startTemporal starts a Temporal that stores its data in dir. suggest is the number of events after which it suggests to continue
// as new; 0 for its default.
func startTemporal(dir string, suggest int) (*temporalProcess, error) {
	return startTemporalAt("127.0.0.1:0", dir, suggest)
}

// startTemporalAt starts a Temporal whose frontend has that address.
func startTemporalAt(address, dir string, suggest int) (*temporalProcess, error) {
	return runTemporal("-address", address, "-data", dir, "-suggest", strconv.Itoa(suggest), "-drain", "1s")
}

// startTemporalOn starts a Temporal that stores its data in a PostgreSQL. Unless the PostgreSQL has the databases
// of an earlier one, it has no namespace.
func startTemporalOn(t *testing.T, server *testserver.PostgreSQLServer) *temporalProcess {
	t.Helper()

	database, err := pgx.ParseConfig(server.NewDatabase(t))
	require.NoError(t, err)

	p, err := runTemporal("-postgresql", net.JoinHostPort(database.Host, strconv.Itoa(int(database.Port))),
		"-user", database.User, "-data", t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() {
		if p.command.ProcessState == nil { // The test has not killed it.
			require.NoError(t, p.stop())
		}
	})

	return p
}

// runTemporal starts the command that runs a Temporal, and waits until it has started.
func runTemporal(arguments ...string) (*temporalProcess, error) {
	path, err := temporalBinary()
	if err != nil {
		return nil, err
	}

	p := &temporalProcess{command: exec.Command(path, arguments...)}
	p.command.Stderr = os.Stderr

	input, err := p.command.StdinPipe()
	if err != nil {
		return nil, err
	}

	p.input = input

	output, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}

	if err := p.command.Start(); err != nil {
		return nil, err
	}

	if err := json.NewDecoder(output).Decode(p); err != nil {
		return nil, errors.Join(fmt.Errorf("Temporal did not start: %w", err), p.command.Wait())
	}

	return p, nil
}

// stop ends the server.
func (p *temporalProcess) stop() error { return errors.Join(p.input.Close(), p.command.Wait()) }

// kill ends the server at once.
func (p *temporalProcess) kill() {
	_ = p.command.Process.Kill()
	_ = p.command.Wait() // Its error is the signal.
}
