package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
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

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/faulttest"
	"github.com/jobwright/jobwright/internal/temporalserver"
	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/job"
)

const namespace = "chaos"

// The environment variables that make this binary a Temporal server, see [TestMain].
const (
	temporalFolder  = "JOBWRIGHT_CHAOS_TEMPORAL"
	temporalAddress = "JOBWRIGHT_CHAOS_ADDRESS"
)

// runTemporal runs a Temporal server until SIGTERM.
func runTemporal(folder, address string) error {
	server, err := temporalserver.Start(temporalserver.Options{
		DataDir: folder, Address: address, Namespace: namespace, Retention: 24 * time.Hour, SearchAttributes: job.SearchAttributes(),
	})
	if err != nil {
		return err
	}

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	<-signals

	return server.Stop()
}

// system is a Jobwright as in production: an API server, workers, Temporal and PostgreSQL run as separate processes. Proxies
// stand in front of Temporal, PostgreSQL, the HTTP server that jobs call, and the receiver of their callbacks.
type system struct {
	dir      string
	temporal *process
	server   *process
	workers  []*process

	postgres *testserver.PostgreSQLServer
	database string // The URL of the PostgreSQL database, not through the proxy.

	postgresProxy *proxy
	temporalProxy *proxy
	counterProxy  *proxy
	receiverProxy *proxy

	api      string
	counter  *counter
	receiver *receiver
}

// app returns the folder of the app of the jobs.
func (s *system) app() string { return filepath.Join(s.dir, "apps", appID) }

// receiverURL returns the URL of the receiver of callbacks.
func (s *system) receiverURL() string { return "http://" + s.receiverProxy.address() + "/" }

func newSystem(t *testing.T) *system {
	t.Helper()

	s := &system{dir: t.TempDir(), counter: newCounter(t), receiver: newReceiver(t)}

	build := exec.CommandContext(t.Context(), "go", "build", "-o", s.dir+"/", "../../cmd/jobwright")
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)

	s.postgres = testserver.NewPostgreSQL(t, testserver.PostgreSQLOptions{Durable: true})
	s.database = s.postgres.NewDatabase(t)
	s.postgresProxy = newProxy(t, host(t, s.database))
	s.counterProxy = newProxy(t, host(t, s.counter.server.URL))
	s.receiverProxy = newProxy(t, host(t, s.receiver.server.URL))

	temporal := faulttest.FreeAddress()
	s.temporalProxy = newProxy(t, temporal)
	s.temporal = newProcess("Temporal", "", func() *exec.Cmd {
		return temporalCommand(temporalFolder+"="+filepath.Join(s.dir, "temporal"), temporalAddress+"="+temporal)
	})
	s.temporal.Ready = func(ctx context.Context) bool { return faulttest.Accepts(ctx, temporal) }

	writeApp(t, s.app(), s.receiverURL())
	s.addJobwright(t)

	for _, p := range s.processes() {
		require.NoError(t, p.Start())
		t.Cleanup(p.Remove)
		require.NoError(t, p.awaitReady())
	}

	return s
}

// processes returns all processes but PostgreSQL in their start order.
func (s *system) processes() []*process {
	return append([]*process{s.temporal, s.server}, s.workers...)
}

// proxies returns the proxies by the names of their servers.
func (s *system) proxies() iter.Seq2[string, *proxy] {
	return func(yield func(string, *proxy) bool) {
		_ = yield("Temporal", s.temporalProxy) && yield("PostgreSQL", s.postgresProxy) && yield("the HTTP server", s.counterProxy) &&
			yield("the receiver", s.receiverProxy)
	}
}

// addJobwright adds an API server and two workers that share their folders.
func (s *system) addJobwright(t *testing.T) {
	t.Helper()

	database, err := url.Parse(s.database)
	require.NoError(t, err)

	database.Host = s.postgresProxy.address()
	environment := append(os.Environ(), "TEMPORAL_ADDRESS="+s.temporalProxy.address(), "TEMPORAL_NAMESPACE="+namespace,
		"JOBWRIGHT_APP_7_CHAOS_DATABASE="+database.String(), "JOBWRIGHT_APP_7_CHAOS_COUNTER=http://"+s.counterProxy.address(), "JOBWRIGHT_APP_7_CHAOS_KEY="+key,
		"JOBWRIGHT_APP_7_CHAOS_SIGNING="+signingSecret)

	command := func(arguments ...string) func() *exec.Cmd {
		return func() *exec.Cmd {
			command := exec.Command(filepath.Join(s.dir, "jobwright"), append(arguments,
				"--apps", filepath.Join(s.dir, "apps"), "--results", filepath.Join(s.dir, "results"))...)
			command.Env = environment

			return command
		}
	}

	address := faulttest.FreeAddress()
	s.api = "http://" + address
	s.server = newProcess("API server", s.api+"/healthz", command("apiserver", "--http", address))

	for number := range 2 {
		address := faulttest.FreeAddress()
		worker := newProcess(fmt.Sprintf("worker %d", number+1), "http://"+address+"/readyz",
			command("worker", "--http", address, "--data", filepath.Join(s.dir, "data")))
		worker.http = "http://" + address
		s.workers = append(s.workers, worker)
	}
}

// host returns the host and port of a URL.
func host(t *testing.T, address string) string {
	t.Helper()

	parsed, err := url.Parse(address)
	require.NoError(t, err)

	return parsed.Host
}

// counter is an HTTP server that counts requests by idempotency key. It never responds to requests of /slow.
type counter struct {
	server *httptest.Server

	mutex  sync.Mutex
	counts map[string]int
	jobs   map[string]map[string]bool // The idempotency keys of each job.
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

// TestMain runs a Temporal server instead of the tests if the environment requests it.
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
