package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/version"
)

type apiserverOptions struct {
	http, apps, results string
	grace               time.Duration
}

func apiserverCommand() *cobra.Command {
	var opts apiserverOptions

	command := &cobra.Command{
		Use:   "apiserver",
		Short: "Serve the job API.",
		Long: `Serve the job API over HTTP. Any number of API servers may run beside one another.

GET /healthz tells that the process lives, GET /readyz that jobs can run, GET /metrics what it asks
of Temporal, in Prometheus' form.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return serveAPI(command.Context(), opts)
		},
	}

	flags := command.Flags()
	flags.StringVar(&opts.http, "http", "127.0.0.1:8080", "address to listen on; port 0 takes a free one")
	flags.StringVar(&opts.apps, "apps", "apps", "folder of the apps")
	flags.StringVar(&opts.results, "results", "results", "result store, the workers' own: a folder or a bucket's URL")
	flags.DurationVar(&opts.grace, "grace", 30*time.Second, "time for answers under way after SIGTERM")

	return command
}

func serveAPI(ctx context.Context, opts apiserverOptions) (err error) {
	opened, err := openSystem(ctx, opts.apps, opts.results)
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, opened.close()) }()

	warnOfMissingKeys(opened.apps, opened.log)

	listener, err := net.Listen("tcp", opts.http)
	if err != nil {
		return fmt.Errorf("the address can't be used: %w; choose another with --http", err)
	}

	opened.log.Info("API server is up",
		"http", listener.Addr().String(), "temporal", opened.address, "namespace", opened.namespace,
		"build", version.Get())

	return apiserver.New(apiserver.Options{
		Temporal: opened.temporal, Namespace: opened.namespace, Apps: opened.apps, Results: opened.results,
		Log: opened.log, Metrics: opened.metrics,
	}).Serve(ctx, listener, opts.grace)
}

// warnOfMissingKeys tells the operator of those who can't get in, and why.
func warnOfMissingKeys(apps *app.Catalog, log *slog.Logger) {
	ids, err := apps.IDs()
	if err != nil {
		log.Warn("the apps can't be listed", "error", err)
	}

	for _, id := range ids {
		found, err := apps.App(id)
		if err != nil {
			log.Warn("an app can't be used", "app", id, "error", err)

			continue
		}

		for _, name := range found.MissingKeys() {
			log.Warn("a key is not set, so its holder can't get in", "app", id, "access", name)
		}
	}
}
