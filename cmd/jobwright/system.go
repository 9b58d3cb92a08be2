package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/result"
)

// system is what API servers and workers work with alike.
type system struct {
	log       *slog.Logger
	apps      *app.Catalog
	results   *result.Store
	temporal  client.Client
	address   string // Of Temporal.
	namespace string
	metrics   http.Handler
}

// openSystem opens the apps in a folder, the result store at an address, and Temporal, which may be away for now.
func openSystem(ctx context.Context, apps, results string) (*system, error) {
	opened := &system{log: logger()}

	var err error
	if opened.apps, err = app.Open(apps); err != nil {
		return nil, err
	}

	options, err := clientOptions(opened.log)
	if err != nil {
		return nil, err
	}

	if options.MetricsHandler, opened.metrics, err = newMetrics(); err != nil {
		return nil, err
	}

	opened.address, opened.namespace = options.HostPort, options.Namespace

	if opened.results, err = result.Open(ctx, results); err != nil {
		return nil, err
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
