package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/internal/version"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/worker"
)

type workerOptions struct {
	http, apps, results, data string
	secrets                   app.Secrets
	secretKeyFile             string
	grace                     time.Duration
	log                       cli.LogFlags
}

func workerCommand() *cobra.Command {
	var opts workerOptions

	command := &cobra.Command{
		Use:   "worker",
		Short: "Run jobs",
		Long: `Run jobs. A worker executes the steps of jobs, and is the only process that connects to data sources.

Run one or more workers. They share the work: if one fails, the others continue its jobs. A worker that
starts before Temporal waits until Temporal is reachable.

With --http, the worker has endpoints for operators: GET /healthz responds with 200 while the process
runs, GET /readyz while it accepts work from Temporal, and GET /metrics with metrics for Prometheus.

The exit status is 0 after SIGINT or SIGTERM, and 1 on an error.` + environment(
			"  NAME                  secret of a source that app.yaml declares as ${env:NAME}; see --env-prefix\n"+
				secretKeyVariable),
		Example: `  # Run jobs, with results in a folder that the API servers share
  jobwright worker --apps /srv/apps --results /srv/results --data /srv/data

  # Expose health checks and metrics
  jobwright worker --http :8081 --apps /srv/apps --results /srv/results --data /srv/data`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return work(command.Context(), opts, command.ErrOrStderr())
		},
	}

	flags := command.Flags()
	flags.StringVar(&opts.http, "http", "", "address for health checks and metrics; by default, none")
	flags.StringVar(&opts.apps, "apps", "apps", "folder with the apps")
	flags.StringVar(&opts.results, "results", "results",
		"result store, a folder or the URL of a bucket; the same as the API servers'")
	flags.StringVar(&opts.data, "data", "data", "folder for sources that store data on this machine, such as SQLite")
	cli.AddSecrets(flags, &opts.secrets)
	addSecretKeyFile(flags, &opts.secretKeyFile)
	flags.DurationVar(&opts.grace, "grace", 30*time.Second, "time for running steps to finish after SIGTERM")
	opts.log.AddTo(flags, cli.LogJSON, slog.LevelInfo)

	return command
}

func work(ctx context.Context, opts workerOptions, logs io.Writer) (err error) {
	keys, err := seal.Load(opts.secretKeyFile)
	if err != nil {
		return err
	}

	opened, err := openSystem(ctx, opts.apps, opts.results, opts.secrets, opts.log.Logger(logs))
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, opened.close()) }()

	failed := make(chan error, 2) // Fatal errors of the worker and of the operator endpoints.

	var running atomic.Bool

	operators := http.NewServeMux()
	operators.Handle("/", worker.Health(opened.temporal, running.Load))
	operators.Handle("/metrics", opened.metrics)

	server, address, err := cli.Serve("--http", opts.http, operators, opened.log, func(err error) { failed <- err })
	if err != nil {
		return err
	}
	defer server.Close() //nolint:errcheck // An open health check may fail.

	jobs, err := start(ctx, opened.temporal, worker.Options{
		Apps: opened.apps, Keys: keys, Results: opened.results, Namespace: opened.namespace, DataDir: opts.data, Log: opened.log,
		StopTimeout: opts.grace, OnFatalError: func(err error) { failed <- err },
	})

	switch {
	case ctx.Err() != nil: // Stopped before it started.
		return nil
	case err != nil:
		return fmt.Errorf("the worker can't start in the namespace %s: %w", opened.namespace, err)
	}
	defer jobs.Stop()

	running.Store(true)
	opened.log.Info("worker is up", "http", address, "temporal", opened.address, "namespace", opened.namespace,
		"build", version.Get())

	select {
	case <-ctx.Done():
		running.Store(false) // It accepts no new work while running steps finish.

		return nil
	case err := <-failed:
		return err
	}
}

// startInterval is the time between two attempts to start the worker.
const startInterval = 2 * time.Second

// start starts a worker as soon as Temporal and the result store are reachable, so that processes can start in any order. It
// returns an error at once if Temporal does not have the namespace, or if the result store belongs to another namespace.
func start(ctx context.Context, temporal client.Client, options worker.Options) (*worker.Worker, error) {
	for {
		jobs := worker.New(temporal, options)

		err := jobs.Start()
		if err == nil {
			return jobs, nil
		}

		_, unknown := errors.AsType[*serviceerror.NamespaceNotFound](err)
		if unknown || errors.Is(err, result.ErrClaimed) {
			return nil, err
		}

		options.Log.Warn("the worker can't start yet", "retryIn", startInterval.String(), "error", err)

		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(startInterval):
		}
	}
}
