package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/internal/metrics"
	"github.com/jobwright/jobwright/internal/temporalclient"
	"github.com/jobwright/jobwright/result"
)

// system is what API servers and workers have in common.
type system struct {
	log       *slog.Logger
	apps      *app.Catalog
	results   *result.Store
	temporal  client.Client
	address   string // The address of Temporal.
	namespace string
	metrics   http.Handler // Serves /metrics.
}

// openSystem opens the folder of the apps and the result store. The client connects to Temporal when it is used, so that
// Temporal may start later.
func openSystem(
	ctx context.Context, apps, results string, secrets app.Secrets, log *slog.Logger,
) (*system, error) {
	opened := &system{log: log}

	sdkMetrics, endpoint, err := metrics.New()
	if err != nil {
		return nil, err
	}

	opened.metrics = endpoint

	reported := app.Options{Secrets: secrets, Loaded: cli.ReportApps(log, sdkMetrics)}
	if opened.apps, err = openApps(apps, reported); err != nil {
		return nil, err
	}

	if folder, isFolder := result.Folder(results); isFolder {
		if err := opened.apps.CheckFolder(folder); err != nil {
			return nil, fmt.Errorf("--results %s: %w", results, err)
		}
	}

	options, err := clientOptions(opened.log)
	if err != nil {
		return nil, err
	}

	options.MetricsHandler = sdkMetrics
	opened.address, opened.namespace = options.HostPort, options.Namespace

	if opened.results, err = result.Open(ctx, results); err != nil {
		return nil, fmt.Errorf("--results: %w", err)
	}

	if opened.temporal, err = client.NewLazyClient(options); err != nil {
		return nil, errors.Join(err, opened.results.Close())
	}

	return opened, nil
}

func (s *system) close() error {
	s.temporal.Close()

	return s.results.Close()
}

// openApps opens the folder given by --apps.
func openApps(dir string, options app.Options) (*app.Catalog, error) {
	apps, err := app.Open(dir, options)
	if err != nil {
		return nil, fmt.Errorf("--apps %s: %w", dir, err)
	}

	return apps, nil
}

// clientOptions returns the configuration of the Temporal client, which is the environment variables and profiles of
// Temporal's own tools.
func clientOptions(log *slog.Logger) (client.Options, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return options, fmt.Errorf(
			"the configuration of the Temporal client is invalid (environment variables TEMPORAL_… and temporal.toml): %w", err)
	}

	if options.Namespace == "" {
		options.Namespace = client.DefaultNamespace
	}

	if options.HostPort == "" {
		options.HostPort = client.DefaultHostPort
	}

	temporalclient.Configure(&options, log)

	return options, nil
}
