package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/temporalserver"
	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/job"
)

const namespace = "chaos"

// The environment with which this binary is a Temporal.
const (
	temporalFolder  = "JOBWRIGHT_CHAOS_TEMPORAL"
	temporalAddress = "JOBWRIGHT_CHAOS_ADDRESS"
)

// runTemporal runs a Temporal until it is told to end.
func runTemporal(folder, address string) error {
	server, err := temporalserver.Start(temporalserver.Options{
		DataDir: folder, Address: address, Namespace: namespace, Retention: 24 * time.Hour, SearchAttributes: job.SearchAttributes(),
	})
	if err != nil {
		return err
	}

	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	<-ended

	return server.Stop()
}

// system is a Jobwright in the shape of production, of which everything can be broken: processes of their own, and proxies
// before Temporal, PostgreSQL and the server that jobs call.
type system struct {
	dir      string
	temporal *process
	server   *process
	workers  []*process

	postgres  *testserver.PostgreSQLServer
	database  string // The address of PostgreSQL's database, past the proxy.
	toData    *proxy
	toHistory *proxy
	toCounter *proxy

	api      string
	counting *counter
}

// app is the folder of the app whose jobs are run.
func (s *system) app() string { return filepath.Join(s.dir, "apps", appID) }

func newSystem(t *testing.T) *system {
	t.Helper()

	s := &system{dir: t.TempDir(), counting: newCounter(t)}

	build := exec.CommandContext(t.Context(), "go", "build", "-o", s.dir+"/", "../../cmd/jobwright")
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)

	s.postgres = testserver.NewPostgreSQL(t, testserver.PostgreSQLOptions{Durable: true})
	s.database = s.postgres.NewDatabase(t)
	s.toData = newProxy(t, host(t, s.database))
	s.toCounter = newProxy(t, host(t, s.counting.server.URL))

	temporal := freeAddress(t)
	s.toHistory = newProxy(t, temporal)
	s.temporal = &process{
		name: "Temporal",
		command: func() *exec.Cmd {
			command, err := self(temporalFolder+"="+filepath.Join(s.dir, "temporal"), temporalAddress+"="+temporal)
			if err != nil {
				panic(err) // It was found a moment ago.
			}

			return command
		},
		ready: func() bool { return accepts(temporal) },
	}

	writeApp(t, s.app())
	s.add(t)

	for _, p := range s.processes() {
		require.NoError(t, p.start())
		t.Cleanup(p.kill)
		require.NoError(t, p.await())
	}

	return s
}

// processes are those of the system, in the order in which they are started.
func (s *system) processes() []*process {
	return append([]*process{s.temporal, s.server}, s.workers...)
}

// proxies are those of the system, by what is behind them.
func (s *system) proxies() iter.Seq2[string, *proxy] {
	return func(yield func(string, *proxy) bool) {
		_ = yield("Temporal", s.toHistory) && yield("PostgreSQL", s.toData) && yield("the server that jobs call", s.toCounter)
	}
}

// add adds the API server and two workers, on one machine.
func (s *system) add(t *testing.T) {
	t.Helper()

	through, err := url.Parse(s.database)
	require.NoError(t, err)

	through.Host = s.toData.address()
	environment := append(os.Environ(), "TEMPORAL_ADDRESS="+s.toHistory.address(), "TEMPORAL_NAMESPACE="+namespace,
		"CHAOS_DATABASE="+through.String(), "CHAOS_COUNTER=http://"+s.toCounter.address(), "CHAOS_KEY="+key)

	command := func(arguments ...string) func() *exec.Cmd {
		return func() *exec.Cmd {
			command := exec.Command(filepath.Join(s.dir, "jobwright"), append(arguments,
				"--apps", filepath.Join(s.dir, "apps"), "--results", filepath.Join(s.dir, "results"))...)
			command.Env = environment

			return command
		}
	}

	address := freeAddress(t)
	s.api = "http://" + address
	s.server = &process{
		name: "API server", command: command("apiserver", "--http", address),
		ready: func() bool { return answers200(s.api + "/healthz") },
	}

	for number := range 2 {
		address := freeAddress(t)
		s.workers = append(s.workers, &process{
			name:    fmt.Sprintf("worker %d", number+1),
			http:    "http://" + address,
			command: command("worker", "--http", address, "--data", filepath.Join(s.dir, "data")),
			ready:   func() bool { return answers200("http://" + address + "/readyz") },
		})
	}
}

func host(t *testing.T, address string) string {
	t.Helper()

	parsed, err := url.Parse(address)
	require.NoError(t, err)

	return parsed.Host
}

func freeAddress(t *testing.T) string {
	t.Helper()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())

	return listener.Addr().String()
}

func accepts(address string) bool {
	connection, err := net.DialTimeout("tcp", address, time.Second)

	return err == nil && connection.Close() == nil
}

func answers200(address string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return false
	}

	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}

	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

// connected does something with PostgreSQL, past the proxy.
func (s *system) connected(t *testing.T, do func(context.Context, *pgx.Conn)) {
	t.Helper()

	connection, err := pgx.Connect(t.Context(), s.database)
	require.NoError(t, err)

	do(t.Context(), connection)
	require.NoError(t, connection.Close(t.Context()))
}

// counter is a server that counts the requests by their idempotency keys; those that are slow, it never answers.
type counter struct {
	server *httptest.Server

	mutex  sync.Mutex
	counts map[string]int
	jobs   map[string]map[string]bool // The keys of each job's requests.
}

func newCounter(t *testing.T) *counter {
	t.Helper()

	c := &counter{counts: map[string]int{}, jobs: map[string]map[string]bool{}}
	c.server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-r.Context().Done()

			return
		}

		c.count(r.Header.Get("Idempotency-Key"), r.URL.Query().Get("job"))
	}))
	t.Cleanup(c.server.Close)

	return c
}

func (c *counter) count(idempotencyKey, jobID string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()

	c.counts[idempotencyKey]++

	if c.jobs[jobID] == nil {
		c.jobs[jobID] = map[string]bool{}
	}

	c.jobs[jobID][idempotencyKey] = true
}

func TestMain(m *testing.M) {
	if folder := os.Getenv(temporalFolder); folder != "" {
		if err := runTemporal(folder, os.Getenv(temporalAddress)); err != nil && !errors.Is(err, context.Canceled) {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}

		return
	}

	testserver.Main(m)
}
