package e2e_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/cli/contexts"
	"github.com/jobwright/jobwright/internal/temporalclient"
	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/openlineage"
	"github.com/jobwright/jobwright/replay"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/worker"
)

const (
	devKey     = "dev"
	callerKey  = "the-key-of-app-7"
	statusKey  = "the-key-with-the-right-status"
	unknownKey = "an-unknown-key"
)

// system is a Jobwright in the process of the tests, which share it. A test that needs an app adds it to the folder of
// apps.
type system struct {
	dir      string // The folder of all data and of the apps.
	temporal *temporalProcess
	client   client.Client
	ends     temporalclient.Ends // Of the jobs of the worker.
	server   *httptest.Server
	apps     *app.Catalog
	results  *result.Store
	lineage  *lineageServer // To which the worker sends events of OpenLineage.
	suggest  int            // The number of events after which Temporal suggests to continue as new; 0 for its default.
	stopping []func() error
}

var shared *system

func TestMain(m *testing.M) {
	start := func() error { return run(m) }
	if os.Getenv(olderApps) != "" {
		start = runOlderWorker
	}

	if err := start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// envPrefix is the prefix of the secrets of all apps, whose names are random.
const envPrefix = "JOBWRIGHT_"

func run(m *testing.M) (err error) {
	for name, key := range map[string]string{
		"JOBWRIGHT_APP_7_KEY": callerKey, "JOBWRIGHT_STATUS_KEY": statusKey, "JOBWRIGHT_S3_SECRET": testserver.S3SecretAccessKey,
		"JOBWRIGHT_WEBHOOK_SECRET": webhookSecret, "JOBWRIGHT_OLD_WEBHOOK_SECRET": oldWebhookSecret,
	} {
		if err := os.Setenv(name, key); err != nil {
			return err
		}
	}

	dir, err := os.MkdirTemp("", "jobwright")
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	// Commands must not change the configuration of the user who runs the tests.
	if err := os.Setenv(contexts.EnvPath, filepath.Join(dir, "config.yaml")); err != nil {
		return err
	}

	if err := os.CopyFS(filepath.Join(dir, "apps"), os.DirFS("../../examples/apps")); err != nil {
		return err
	}

	shared = &system{dir: dir, lineage: newLineageServer()}
	defer shared.lineage.Close()

	if err := shared.start(); err != nil {
		return err
	}

	jobs := worker.New(shared.client, worker.Options{
		Apps: shared.apps, Results: shared.results, Namespace: client.DefaultNamespace, DataDir: dir, Log: slog.New(slog.DiscardHandler),
		OpenLineage: openlineage.Options{URL: shared.lineage.URL, Key: lineageKey},
	})
	if err := jobs.Start(); err != nil {
		return err
	}

	defer func() {
		jobs.Stop()

		err = errors.Join(err, shared.stop())
	}()

	testserver.Main(m) // It ends the process with the result of the tests.

	return nil
}

// start starts all parts except the worker.
func (s *system) start() error {
	var err error
	if s.temporal, err = startTemporal(s.dir, s.suggest); err != nil {
		return err
	}

	quiet := slog.New(slog.DiscardHandler)

	if s.client, err = dial(s.temporal.Frontend, quiet, s.configure); err != nil {
		return err
	}

	if s.apps, err = app.Open(filepath.Join(s.dir, "apps"), app.Options{Secrets: app.Secrets{EnvPrefix: envPrefix}}); err != nil {
		return err
	}

	if s.results, err = result.Open(context.Background(), filepath.Join(s.dir, "results")); err != nil {
		return err
	}

	s.server = httptest.NewServer(apiserver.New(apiserver.Options{
		Jobs: newJobs(s.client, func(options *jobservice.Options) { options.Ends = &s.ends }), Apps: s.apps, Results: s.results,
		WellKnownKey: devKey, MaxFailures: 10_000, Log: quiet,
	}))

	return nil
}

func (s *system) stop() error {
	var err error
	for _, stop := range s.stopping {
		err = errors.Join(err, stop())
	}

	s.server.Close()
	s.client.Close()

	return errors.Join(err, s.results.Close(), s.temporal.stop())
}

// configure configures the client of the worker and of the API server.
func (s *system) configure(options *client.Options) {
	s.ends.AddTo(options)

	options.Interceptors = append(options.Interceptors, &lostOutcomes)
}

// dial connects to Temporal as soon as it responds.
func dial(address string, log *slog.Logger, configure func(*client.Options)) (client.Client, error) {
	options := client.Options{HostPort: address}
	temporalclient.Configure(&options, log)
	configure(&options)

	deadline := time.Now().Add(time.Minute)

	for {
		connection, err := client.Dial(options)
		if err == nil || time.Now().After(deadline) {
			return connection, err
		}
	}
}

// newJobs returns a job service, with other options than the defaults.
func newJobs(temporal client.Client, configure ...func(*jobservice.Options)) *jobservice.Service {
	options := jobservice.Options{
		Temporal: temporal, Namespace: client.DefaultNamespace, Log: slog.New(slog.DiscardHandler),
		Continuations: replay.New(temporal, nil),
	}

	for _, set := range configure {
		set(&options)
	}

	return jobservice.New(options)
}

// newServer returns an API server with the apps and results of the shared system, and other options.
func newServer(options apiserver.Options, loopbackKey string) *apiserver.Server {
	options.Apps, options.Results, options.WellKnownKey = shared.apps, shared.results, loopbackKey
	options.Log = cmp.Or(options.Log, slog.New(slog.DiscardHandler))
	options.Jobs = cmp.Or(options.Jobs, newJobs(shared.client))
	options.MaxFailures = cmp.Or(options.MaxFailures, 10_000) // The tests share one address.

	return apiserver.New(options)
}

// serve runs such a server until the test ends, and returns a caller of it.
func serve(t *testing.T, options apiserver.Options, loopbackKey ...string) caller {
	t.Helper()

	key := devKey
	if len(loopbackKey) > 0 {
		key = loopbackKey[0]
	}

	server := httptest.NewServer(newServer(options, key))
	t.Cleanup(server.Close)

	return caller{server.URL}
}

// silent is a logger for Temporal's SDK that discards everything.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
