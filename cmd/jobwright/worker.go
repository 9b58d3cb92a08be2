package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/worker"
)

// readHeaderTimeout bounds how long who asks for the health may take to say so.
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
answers it. Until Temporal can be reached, it waits.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return work(command.Context(), opts)
		},
	}

	flags := command.Flags()
	flags.StringVar(&opts.http, "http", "", "address for health checks; none by default")
	flags.StringVar(&opts.apps, "apps", "apps", "folder of the apps")
	flags.StringVar(&opts.results, "results", "results", "result store: a folder or a bucket's URL")
	flags.StringVar(&opts.data, "data", "data", "folder for the data of sources that live on this machine")
	flags.DurationVar(&opts.grace, "grace", 30*time.Second, "time for running steps after SIGTERM")

	return command
}

func work(ctx context.Context, opts workerOptions) (err error) {
	log := logger()

	apps, err := app.Open(opts.apps)
	if err != nil {
		return err
	}

	results, err := result.Open(ctx, opts.results)
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, results.Close()) }()

	options, err := clientOptions(log)
	if err != nil {
		return err
	}

	temporal, err := client.NewLazyClient(options)
	if err != nil {
		return err
	}
	defer temporal.Close()

	failed := make(chan error, 2) // Of the worker, and of its health checks.

	var running atomic.Bool

	health, address, err := serveHealth(opts.http, worker.Health(temporal, running.Load), failed)
	if err != nil {
		return err
	}
	defer health.Close() //nolint:errcheck // Nothing is lost with it.

	jobs, err := start(ctx, log, temporal, worker.Options{
		Apps: apps, Results: results, Namespace: options.Namespace, DataDir: opts.data, Log: log, StopTimeout: opts.grace,
		OnFatalError: func(err error) { failed <- err },
	})

	switch {
	case ctx.Err() != nil: // It was told to end before it began.
		return nil
	case err != nil:
		return fmt.Errorf("the worker can't start in the namespace %s: %w", options.Namespace, err)
	}
	defer jobs.Stop()

	running.Store(true)
	log.Info("worker is up", "http", address, "temporal", options.HostPort, "namespace", options.Namespace)

	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// startInterval is how long a worker waits before it tries again to reach Temporal.
const startInterval = 2 * time.Second

// start starts a worker as soon as Temporal can be reached, so that nobody has to mind the order in which the two start. A
// namespace that Temporal does not have is an error at once.
func start(ctx context.Context, log *slog.Logger, temporal client.Client, options worker.Options) (*worker.Worker, error) {
	for {
		jobs := worker.New(temporal, options)

		err := jobs.Start()
		if err == nil {
			return jobs, nil
		}

		if _, unknown := errors.AsType[*serviceerror.NamespaceNotFound](err); unknown {
			return nil, err
		}

		log.Warn("Temporal can't be reached yet", "next", startInterval, "error", err)

		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(startInterval):
		}
	}
}

// serveHealth answers health checks at the address, if there is one, and returns where exactly. What ends it by itself
// goes to failed.
func serveHealth(address string, health http.Handler, failed chan<- error) (*http.Server, string, error) {
	server := &http.Server{Handler: health, ReadHeaderTimeout: readHeaderTimeout}
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
