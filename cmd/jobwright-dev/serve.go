package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	temporalsdk "go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/console"
	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/internal/cli/contexts"
	"github.com/jobwright/jobwright/internal/metrics"
	"github.com/jobwright/jobwright/internal/node"
	"github.com/jobwright/jobwright/internal/temporalclient"
	"github.com/jobwright/jobwright/internal/temporalclient/encryption"
	"github.com/jobwright/jobwright/internal/temporalserver"
	"github.com/jobwright/jobwright/internal/tracing"
	"github.com/jobwright/jobwright/internal/version"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/openlineage"
	"github.com/jobwright/jobwright/replay"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/worker"
)

const (
	devKey    = "dev"
	namespace = "default"
	retention = 7 * 24 * time.Hour
	grace     = 10 * time.Second // For running requests and steps, when the process stops.
	startTime = 30 * time.Second // For Temporal and the API to become ready.
)

// serve runs all parts until ctx is done or, with --once, until the job of the scenario has ended.
func serve(ctx context.Context, opts options, out, logs io.Writer) (err error) {
	log := opts.log.Logger(logs)

	sdkMetrics, endpoint, err := metrics.New()
	if err != nil {
		return err
	}

	// Check the flags before anything starts.
	apps, err := app.Open(opts.apps, app.Options{Secrets: opts.secrets, Loaded: cli.ReportApps(log, sdkMetrics)})
	if err != nil {
		return fmt.Errorf("--apps %s: %w", opts.apps, err)
	}

	if err := apps.CheckFolder(filepath.Join(opts.data, "results")); err != nil {
		return fmt.Errorf("--data %s: %w", opts.data, err)
	}

	listener, err := listen(opts)
	if err != nil {
		return err
	}
	defer listener.Close() //nolint:errcheck // For a start that fails; otherwise, the server closes it.

	served, address, err := cli.Serve("--metrics", opts.metrics, nil, endpoint, log, func(err error) {
		log.Error("metrics are no longer served", "error", err)
	})
	if err != nil {
		return err
	}
	defer served.Close() //nolint:errcheck // An open request may fail.

	opts.metrics = address

	keys, err := seal.LoadOrCreate(filepath.Join(opts.data, "secret.key"))
	if err != nil {
		return err
	}

	codec, err := encryption.New(keys.PayloadKeys(), opts.encryptPayloads)
	if err != nil {
		return err
	}

	temporal, err := startTemporal(opts, codec)
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, temporal.Stop()) }()

	key, err := openKey(opts.data)
	if err != nil {
		return err
	}

	var ends temporalclient.Ends

	traces, err := tracing.Start(ctx, "jobwright-dev", version.Get().Version)
	if err != nil {
		return fmt.Errorf("the configuration of traces is invalid (environment variables OTEL_…): %w", err)
	}

	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()

		err = errors.Join(err, traces.Stop(ctx))
	}()

	connection, err := connect(ctx, temporal.Address(), log, sdkMetrics, traces, &ends, codec)
	if err != nil {
		return err
	}
	defer connection.Close()

	reschedule(ctx, temporal, log)

	results, err := result.Open(ctx, filepath.Join(opts.data, "results"))
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, results.Close()) }()

	reports, err := openlineage.FromEnvironment()
	if err != nil {
		return err
	}

	audited, err := cli.OpenAuditLog(ctx, opts.auditLog, logs, log)
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, audited.Close()) }()

	parts := node.Node{
		Temporal: connection,
		API: apiserver.Options{
			Jobs: jobservice.New(jobservice.Options{
				Temporal: connection, Namespace: namespace, Keys: keys, Log: log, Ends: &ends, ReportsLineage: reports.URL != "",
				Continuations: replay.New(connection, codec.Converter()), Converter: codec.Converter(),
				TemporalAddress: temporal.Address(), TemporalUI: "http://" + temporal.UIAddress(),
			}),
			Apps: apps, Results: results, Log: log, Metrics: sdkMetrics, Audit: audited, Keys: keys,
			Codec: codec, Hosts: opts.allowedHosts, LoopbackKey: key, WellKnownKey: devKey,
		},
		Listener: listener, Grace: grace,
		Worker: worker.Options{
			Apps: apps, Keys: keys, Results: results, Namespace: namespace, DataDir: opts.data, Log: log, StopTimeout: grace,
			Converter: codec.Converter(), OpenLineage: reports, Audit: audited,
			MoreTaskQueues: func() []string { return taskQueues(apps) },
		},
	}

	if opts.console {
		parts.API.Pages = func(api http.Handler) http.Handler {
			return console.New(console.Options{API: api, Keys: keys, Log: log, Audit: audited})
		}
	}

	api, err := newAPI(listener.Addr().String(), key)
	if err != nil {
		return err
	}

	running, stop := context.WithCancel(ctx)
	defer stop()

	ended := make(chan error, 1)

	go func() {
		ended <- parts.Run(running)

		stop()
	}()

	err = runAndWait(running, opts, api, temporal, apps, out, log)
	if ctx.Err() != nil && !opts.once {
		fmt.Fprintln(out, "Stopping. Running jobs continue at the next start.")
	}

	stop()

	return errors.Join(err, <-ended)
}

// runAndWait prints the addresses, runs the scenario given by --run, and waits until ctx is done.
func runAndWait(
	ctx context.Context, opts options, api *devAPI, temporal *temporalserver.Server, apps *app.Catalog, out io.Writer,
	log *slog.Logger,
) error {
	if err := api.waitUntilReady(ctx); err != nil {
		return err
	}

	first, err := firstJob(opts, apps)
	if err != nil {
		return err
	}

	if err := printAddresses(out, opts, api, temporal, apps, first.JobID); err != nil {
		return err
	}

	if !opts.once {
		writeContext(opts, api, apps, log)
	}

	if opts.run != "" {
		err = api.runScenario(ctx, first, out)
	} else {
		err = api.printExample(out, apps, opts.app)
	}

	if opts.once {
		return err
	}

	if err != nil && !errors.Is(err, errJobFailed) {
		fmt.Fprintln(out, err)
	}

	<-ctx.Done()

	return nil
}

// writeContext makes the command jobwright call this process, if that is possible: a user without a home has no contexts.
func writeContext(opts options, api *devAPI, apps *app.Catalog, log *slog.Logger) {
	file, err := contexts.Open()

	var ids []string
	if err == nil {
		ids, err = apps.IDs()
	}

	if err == nil {
		err = leaveContext(file, api.address, opts.data, contextApp(opts, ids))
	}

	if err != nil {
		log.Warn("jobwright can't call this process without flags", "error", err)
	}
}

// firstJob returns the call that runs the scenario given by --run.
func firstJob(opts options, apps *app.Catalog) (client.Execution, error) {
	if opts.run == "" {
		return client.Execution{}, nil
	}

	given, err := parameters(opts.parameters, textParameters(apps, opts.app, opts.run))
	if err != nil {
		return client.Execution{}, err
	}

	return client.Execution{App: opts.app, Operation: client.RunScenario(opts.run, given), JobID: uuid.NewString()}, nil
}

func startTemporal(opts options, codec *encryption.Codec) (*temporalserver.Server, error) {
	temporal, err := temporalserver.Start(temporalserver.Options{
		DataDir: opts.data, Address: opts.temporal, UIAddress: opts.ui, UIHosts: opts.allowedHosts,
		Namespace: namespace, Retention: retention, SearchAttributes: job.SearchAttributes(), Durable: opts.durable,
		Nexus: opts.nexus, Codec: codec,
	})
	if err != nil {
		return nil, fmt.Errorf("Temporal can't start with --data %s: %w", opts.data, err)
	}

	return temporal, nil
}

// identityPrefix begins the identity of all workers in this process, and of those in the processes that used the folder --data
// before. They are dead: a process locks the folder.
const identityPrefix = "jobwright-dev "

// identity returns the identity of the worker of this process, which Temporal UI shows.
func identity() string {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}

	return fmt.Sprintf("%s%d@%s", identityPrefix, os.Getpid(), host)
}

// reschedule makes jobs continue at once whose steps ran when the process before this one was killed.
func reschedule(ctx context.Context, temporal *temporalserver.Server, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()

	if err := temporal.Reschedule(ctx, identityPrefix); err != nil {
		log.Warn("steps that ran when the last process was killed continue after a timeout of Temporal", "error", err)
	}
}

// connect returns a client as soon as the server responds.
func connect(
	ctx context.Context, address string, log *slog.Logger, sdk temporalsdk.MetricsHandler, traces *tracing.Tracing,
	ends *temporalclient.Ends, codec *encryption.Codec,
) (temporalsdk.Client, error) {
	options := temporalsdk.Options{HostPort: address, Namespace: namespace, MetricsHandler: sdk, Identity: identity()}
	temporalclient.Configure(&options, log)
	codec.AddTo(&options)
	ends.AddTo(&options)

	if err := traces.AddTo(&options); err != nil {
		return nil, err
	}

	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()

	for {
		connection, err := temporalsdk.DialContext(ctx, options)
		if err == nil || ctx.Err() != nil {
			return connection, err
		}
	}
}

// printAddresses prints the version and the addresses of all parts.
func printAddresses(
	out io.Writer, opts options, api *devAPI, temporal *temporalserver.Server, apps *app.Catalog, jobID string,
) error {
	ids, err := apps.IDs()
	if err != nil {
		return err
	}

	link, err := consoleLink(opts, api, apps, jobID)
	if err != nil {
		return err
	}

	_, err = fmt.Fprintf(out, `Jobwright %s is up.
%s  API          http://%s/api/v1/
  Key          %s or, except in browsers, %s; from this machine only
  Worker       in this process, task queue %s
  Temporal     %s, namespace %s
  Temporal UI  http://%s
  Apps         %s: %s
  Data         %s
`, version.Get(), link, api.address, api.key, devKey, job.TaskQueue, temporal.Address(), namespace, temporal.UIAddress(),
		opts.apps, strings.Join(ids, ", "), opts.data)

	if opts.metrics != "" && err == nil {
		_, err = fmt.Fprintf(out, "  Metrics      http://%s/metrics\n", opts.metrics)
	}

	return err
}

// consoleLink returns the line with the address of the console, which shows the job if its jobId is not empty. The key is in the
// fragment, which browsers send to no server.
func consoleLink(opts options, api *devAPI, apps *app.Catalog, jobID string) (string, error) {
	if !opts.console {
		return "", nil
	}

	appID, err := exampleApp(apps, opts.app)
	if err != nil {
		return "", err
	}

	query := url.Values{}
	if appID != "" {
		query.Set("app", appID)
	}

	if jobID != "" {
		query.Set("next", "/jobs/"+jobID)
	}

	host := reachableAt("localhost", api.address) // The key is accepted from this machine only.
	link := url.URL{Scheme: "http", Host: host, Path: "/sign-in", RawQuery: query.Encode(), Fragment: api.key}

	return fmt.Sprintf("  Console      %s\n", link.String()), nil
}
