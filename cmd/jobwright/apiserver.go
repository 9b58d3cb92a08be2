package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/internal/version"
)

type apiserverOptions struct {
	http, apps, results string
	allowedHosts        []string
	grace               time.Duration
	log                 cli.LogFlags
}

func apiserverCommand() *cobra.Command {
	var opts apiserverOptions

	command := &cobra.Command{
		Use:   "apiserver",
		Short: "Serve the job API over HTTP",
		Long: `Serve the job API over HTTP. The API server starts and observes jobs; workers run them.

Run one or more API servers behind a load balancer. They share no state except Temporal and the result
store, so they can be restarted at any time: calls that wait for a job get a response with status 202, and
the job continues.

Clients reach the server by localhost, by the address that it received the request at, and by the names
given by --allowed-host, such as the name under which a proxy publishes it. Requests to other hosts are
refused, because a web page can send them by pointing its own name at the server.

Besides the API, the server has endpoints for operators: GET /healthz responds with 200 while the process
runs, GET /readyz while new jobs can run, and GET /metrics with metrics for Prometheus.

The exit status is 0 after SIGINT or SIGTERM, and 1 on an error.` + environment(
			"  NAME                  key of an access that app.yaml declares as ${env:NAME}\n"),
		Example: `  # Serve on all interfaces, with results in a folder that the workers share
  jobwright apiserver --http :8080 --apps /srv/apps --results /srv/results

  # Results in an S3 bucket
  jobwright apiserver --apps /srv/apps --results 's3://jobwright-results?region=eu-central-1'`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return serveAPI(command.Context(), opts, command.ErrOrStderr())
		},
	}

	flags := command.Flags()
	flags.StringVar(&opts.http, "http", "127.0.0.1:8080", "address to listen on; port 0 picks a free port")
	flags.StringSliceVar(&opts.allowedHosts, "allowed-host", nil,
		"name or address by which clients reach the server, for example jobs.example.com; repeatable")
	flags.StringVar(&opts.apps, "apps", "apps", "folder with the apps")
	flags.StringVar(&opts.results, "results", "results",
		"result store, a folder or the URL of a bucket; the same as the workers'")
	flags.DurationVar(&opts.grace, "grace", 30*time.Second, "time for running requests to finish after SIGTERM")
	opts.log.AddTo(flags, cli.LogJSON, slog.LevelInfo)

	return command
}

func serveAPI(ctx context.Context, opts apiserverOptions, logs io.Writer) (err error) {
	opened, err := openSystem(ctx, opts.apps, opts.results, opts.log.Logger(logs))
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, opened.close()) }()

	warnOfMissingKeys(opened.apps, opened.log)

	listener, err := cli.Listen("--http", opts.http)
	if err != nil {
		return err
	}

	opened.log.Info("API server is up",
		"http", listener.Addr().String(), "temporal", opened.address, "namespace", opened.namespace,
		"build", version.Get())

	return apiserver.New(apiserver.Options{
		Temporal: opened.temporal, Namespace: opened.namespace, Apps: opened.apps, Results: opened.results,
		Log: opened.log, Hosts: opts.allowedHosts, Metrics: opened.metrics,
	}).Serve(ctx, listener, opts.grace)
}

// warnOfMissingKeys logs the accesses whose key is not set, and the apps that can't be loaded.
func warnOfMissingKeys(apps *app.Catalog, log *slog.Logger) {
	ids, err := apps.IDs()
	if err != nil {
		log.Warn("can't list the apps", "error", err)
	}

	for _, id := range ids {
		found, err := apps.App(id)
		if err != nil {
			log.Warn("can't load an app", "app", id, "error", err)

			continue
		}

		for _, name := range found.MissingKeys() {
			log.Warn("the key of an access is not set; calls with it are rejected", "app", id, "access", name)
		}
	}
}
