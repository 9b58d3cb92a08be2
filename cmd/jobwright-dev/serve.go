package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"google.golang.org/grpc"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/temporalserver"
	"github.com/jobwright/jobwright/internal/version"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/worker"
)

const (
	devKey    = "dev"
	namespace = "default"
	retention = 7 * 24 * time.Hour
	grace     = 10 * time.Second // For what is under way when the process is told to end.
	startTime = 30 * time.Second // For Temporal to answer.
)

// serve runs everything until ctx ends or, with once, until the scenario has ended.
func serve(ctx context.Context, opts options, out io.Writer) (err error) {
	// First what the user may have got wrong, before anything is started.
	apps, err := app.Open(opts.apps)
	if err != nil {
		return err
	}

	listener, err := net.Listen("tcp", opts.http)
	if err != nil {
		return fmt.Errorf("the address of the API can't be used: %w; choose another with --http", err)
	}
	defer listener.Close() //nolint:errcheck // The server closes it; this is for a start that fails.

	temporal, err := startTemporal(opts)
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, temporal.Stop()) }()

	connection, err := connect(ctx, temporal.Address())
	if err != nil {
		return err
	}
	defer connection.Close()

	results, err := result.Open(ctx, filepath.Join(opts.data, "results"))
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, results.Close()) }()

	jobs := worker.New(connection, worker.Options{
		Apps: apps, Results: results, Namespace: namespace, DataDir: opts.data, Log: logger(), StopTimeout: grace,
	})
	if err := jobs.Start(); err != nil {
		return err
	}
	defer jobs.Stop()

	api := apiserver.New(apiserver.Options{
		Temporal: connection, Namespace: namespace, Apps: apps, Results: results, LoopbackKey: devKey, Log: logger(),
	})

	// The API ends first, so that those who wait are answered while everything else is there.
	serving, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)

	go func() { ended <- api.Serve(serving, listener, grace) }()

	err = use(ctx, opts, listener.Addr().String(), temporal, apps, ended, out)

	stop()

	return errors.Join(err, <-ended)
}

// use tells where everything is, runs the scenario if there is one to run, and waits for the end.
func use(
	ctx context.Context, opts options, address string, temporal *temporalserver.Server, apps *app.Catalog,
	ended chan error, out io.Writer,
) error {
	caller := &caller{address: address, key: devKey}
	if err := caller.waitUntilReady(ctx); err != nil {
		return err
	}

	if err := introduce(out, opts, address, temporal, apps); err != nil {
		return err
	}

	var err error
	if opts.run != "" {
		err = caller.runScenario(ctx, opts.app, opts.run, out)
	}

	if opts.once {
		return err
	}

	if err != nil && !errors.Is(err, errJobFailed) {
		fmt.Fprintln(out, err)
	}

	select {
	case <-ctx.Done():
		fmt.Fprintln(out, "Stopping. What runs now goes on at the next start.")
	case err := <-ended: // By itself: something is wrong with it.
		ended <- nil // The caller waits for the end too.

		return err
	}

	return nil
}

func startTemporal(opts options) (*temporalserver.Server, error) {
	temporal, err := temporalserver.Start(temporalserver.Options{
		DataDir: opts.data, Address: opts.temporal, UIAddress: opts.ui, Namespace: namespace, Retention: retention,
		SearchAttributes: job.SearchAttributes(),
	})
	if err != nil {
		return nil, fmt.Errorf("Temporal did not start: %w (see --temporal, --ui and --data)", err)
	}

	return temporal, nil
}

// connect returns a client of the server at address once it answers.
func connect(ctx context.Context, address string) (client.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()

	for {
		connection, err := client.DialContext(ctx, client.Options{
			HostPort: address, Namespace: namespace, Logger: sdklog.NewStructuredLogger(logger()),
			ConnectionOptions: client.ConnectionOptions{
				DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(worker.PatientHeartbeats)},
			},
		})
		if err == nil || ctx.Err() != nil {
			return connection, err
		}
	}
}

// logger shows only what somebody should look at: the terminal is for the user's own work.
func logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// introduce tells where everything is.
func introduce(out io.Writer, opts options, address string, temporal *temporalserver.Server, apps *app.Catalog) error {
	ids, err := apps.IDs()
	if err != nil {
		return err
	}

	_, err = fmt.Fprintf(out, `Jobwright %s is up.
  API          http://%s/api/v1/ (apiKey %s, accepted from this machine only)
  Worker       in this process, task queue %s
  Temporal     %s, namespace %s
  Temporal UI  http://%s
  Apps         %s: %s
  Data         %s
`, version.Get(), address, devKey, job.TaskQueue, temporal.Address(), namespace, temporal.UIAddress(), opts.apps,
		strings.Join(ids, ", "), opts.data)

	return err
}
