package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/internal/version"
)

type apiserverOptions struct {
	http, metrics, apps, results string
	allowedHosts                 []string
	maxConnections               int
	secrets                      app.Secrets
	secretKeyFile                string
	grace                        time.Duration
	log                          cli.LogFlags
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

Besides the API, the server has health checks: GET /healthz responds with 200 while the process runs, and
GET /readyz while new jobs can run. With --metrics, it serves GET /metrics for Prometheus on an address of
its own, which callers need not reach.

The exit status is 0 after SIGINT or SIGTERM, and 1 on an error.` + environment(
			"  NAME                  key of an access that app.yaml declares as ${env:NAME}; see --env-prefix\n"+
				secretKeyVariable),
		Example: `  # Serve on all interfaces, with results in a folder that the workers share
  jobwright apiserver --http :8080 --apps /srv/apps --results /srv/results

  # Results in an S3 bucket
  jobwright apiserver --apps /srv/apps --results 's3://jobwright-results?region=eu-central-1'`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if opts.maxConnections < 1 {
				return fmt.Errorf("--max-connections must be at least 1, not %d", opts.maxConnections)
			}

			return serveAPI(command.Context(), opts, command.ErrOrStderr())
		},
	}

	flags := command.Flags()
	flags.StringVar(&opts.http, "http", "127.0.0.1:8080", "address to listen on; port 0 picks a free port")
	flags.StringVar(&opts.metrics, "metrics", "", "address for metrics; by default, none")
	flags.IntVar(&opts.maxConnections, "max-connections", apiserver.DefaultMaxConnections,
		"number of open connections after which new ones wait")
	flags.StringSliceVar(&opts.allowedHosts, "allowed-host", nil,
		"name or address by which clients reach the server, for example jobs.example.com; repeatable")
	flags.StringVar(&opts.apps, "apps", "apps", "folder with the apps")
	flags.StringVar(&opts.results, "results", "results",
		"result store, a folder or the URL of a bucket; the same as the workers'")
	cli.AddSecrets(flags, &opts.secrets)
	addSecretKeyFile(flags, &opts.secretKeyFile)
	flags.DurationVar(&opts.grace, "grace", 30*time.Second, "time for running requests to finish after SIGTERM")
	opts.log.AddTo(flags, cli.LogJSON, slog.LevelInfo)

	return command
}

func serveAPI(ctx context.Context, opts apiserverOptions, logs io.Writer) (err error) {
	keys, err := seal.Load(opts.secretKeyFile)
	if err != nil {
		return err
	}

	opened, err := openSystem(ctx, opts.apps, opts.results, opts.secrets, opts.log.Logger(logs))
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, opened.close()) }()

	warnOfMissingKeys(opened.apps, opened.log)

	listener, err := cli.Listen("--http", opts.http)
	if err != nil {
		return err
	}
	defer listener.Close() //nolint:errcheck // For a start that fails; otherwise, the server closes it.

	metrics, metricsAddress, err := cli.Serve("--metrics", opts.metrics, opened.metrics, opened.log, func(err error) {
		opened.log.Error("metrics are no longer served", "error", err)
	})
	if err != nil {
		return err
	}
	defer metrics.Close() //nolint:errcheck // An open request may fail.

	opened.log.Info("API server is up",
		"http", listener.Addr().String(), "metrics", metricsAddress, "temporal", opened.address, "namespace", opened.namespace,
		"build", version.Get())

	return apiserver.New(apiserver.Options{
		Temporal: opened.temporal, Namespace: opened.namespace, Apps: opened.apps, Results: opened.results,
		Keys: keys, Log: opened.log, Hosts: opts.allowedHosts, MaxConnections: opts.maxConnections,
	}).Serve(ctx, listener, opts.grace)
}

// warnOfMissingKeys logs the accesses whose key is not set.
func warnOfMissingKeys(apps *app.Catalog, log *slog.Logger) {
	ids, err := apps.IDs()
	if err != nil {
		log.Warn("can't list the apps", "error", err)
	}

	for _, id := range ids {
		found, err := apps.App(id)
		if err != nil {
			continue // The catalog has reported it.
		}

		for _, name := range found.MissingKeys() {
			log.Warn("the key of an access is not set; calls with it are rejected", "app", id, "access", name)
		}
	}
}
