package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/internal/version"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/worker"
)

// readHeaderTimeout bounds how long an operator may take to say what he asks.
const readHeaderTimeout = 10 * time.Second

type workerOptions struct {
	http, apps, results, data string
	grace                     time.Duration
}

func workerCommand() *cobra.Command {
	var opts workerOptions

	command := &cobra.Command{
		Use:   "worker",
		Short: "Run jobs.",
		Long: `Run jobs. Any number of workers may run beside one another; when one dies, the others go on
with its jobs.

With --http, GET /healthz tells that the process lives, GET /readyz that it runs jobs and Temporal
answers it, GET /metrics what it does, in Prometheus' form. Until Temporal can be reached, it waits.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return work(command.Context(), opts)
		},
	}

	flags := command.Flags()
	flags.StringVar(&opts.http, "http", "", "address for health checks and metrics; none by default")
	flags.StringVar(&opts.apps, "apps", "apps", "folder of the apps")
	flags.StringVar(&opts.results, "results", "results", "result store: a folder or a bucket's URL")
	flags.StringVar(&opts.data, "data", "data", "folder for the data of sources that live on this machine")
	flags.DurationVar(&opts.grace, "grace", 30*time.Second, "time for running steps after SIGTERM")

	return command
}

func work(ctx context.Context, opts workerOptions) (err error) {
	opened, err := openSystem(ctx, opts.apps, opts.results)
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, opened.close()) }()

	failed := make(chan error, 2) // Of the worker, and of the server beside it.

	var running atomic.Bool

	operators := http.NewServeMux()
	operators.Handle("/", worker.Health(opened.temporal, running.Load))
	operators.Handle("GET /metrics", opened.metrics)

	server, address, err := serveOperators(opts.http, operators, failed)
	if err != nil {
		return err
	}
	defer server.Close() //nolint:errcheck // Nothing is lost with it.

	jobs, err := start(ctx, opened.temporal, worker.Options{
		Apps: opened.apps, Results: opened.results, Namespace: opened.namespace, DataDir: opts.data, Log: opened.log,
		StopTimeout: opts.grace, OnFatalError: func(err error) { failed <- err },
	})

	switch {
	case ctx.Err() != nil: // It was told to end before it began.
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
		running.Store(false) // It takes no more jobs, and may yet take a while to end those that it has.

		return nil
	case err := <-failed:
		return err
	}
}

// startInterval is how long a worker waits before it tries again to reach Temporal.
const startInterval = 2 * time.Second

// start starts a worker as soon as Temporal and the result store can be reached, so that nobody has to mind the order in which
// they start. A namespace that Temporal does not have, or a store that belongs to another one, is an error at once.
func start(ctx context.Context, temporal client.Client, options worker.Options) (*worker.Worker, error) {
	for {
		jobs := worker.New(temporal, options)

		err := jobs.Start()
		if err == nil {
			return jobs, nil
		}

		_, unknown := errors.AsType[*serviceerror.NamespaceNotFound](err)
		if unknown || errors.Is(err, result.ErrTaken) {
			return nil, err
		}

		options.Log.Warn("the worker can't start yet", "next", startInterval, "error", err)

		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(startInterval):
		}
	}
}

// serveOperators answers what operators ask at the address, if there is one, and returns where exactly. What ends it by
// itself goes to failed.
func serveOperators(address string, answer http.Handler, failed chan<- error) (*http.Server, string, error) {
	server := &http.Server{Handler: answer, ReadHeaderTimeout: readHeaderTimeout}
	if address == "" {
		return server, "", nil
	}

	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, "", fmt.Errorf("the address can't be used: %w; choose another with --http", err)
	}

	go func() { failed <- server.Serve(listener) }()

	return server, listener.Addr().String(), nil
}
