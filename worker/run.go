package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/internal/clock"
	"github.com/jobwright/jobwright/result"
)

// Run runs a worker until ctx is done, and returns nil after it has stopped. It starts the worker as soon as Temporal and the
// result store are reachable, so that processes can start in any order. It returns an error at once if Temporal does not have the
// namespace or if the result store belongs to another namespace, and when an error of Temporal has ended the worker.
func Run(ctx context.Context, temporal client.Client, options Options) error {
	if err := options.Capacity.Validate(); err != nil {
		return fmt.Errorf("the capacity of the worker is invalid: %w", err)
	}

	failed := make(chan error, 1)

	jobs, err := startWhenReachable(ctx, temporal, options, func(err error) { failed <- err })

	switch {
	case err != nil && ctx.Err() != nil: // Stopped before it started.
		return nil
	case err != nil:
		return fmt.Errorf("the worker can't start in the namespace %s: %w", options.Namespace, err)
	}
	defer jobs.Stop()

	if options.OnStart != nil {
		options.OnStart()
	}

	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// startInterval is the time between two attempts to start the worker.
const startInterval = 2 * time.Second

// startWhenReachable returns a started worker. The error is that of the last attempt if ctx ends first.
func startWhenReachable(
	ctx context.Context, temporal client.Client, options Options, onFatalError func(error),
) (*Worker, error) {
	for {
		jobs := newWorker(temporal, options, onFatalError)

		err := jobs.Start()
		if err == nil {
			return jobs, nil
		}

		_, unknown := errors.AsType[*serviceerror.NamespaceNotFound](err)
		if unknown || errors.Is(err, result.ErrClaimed) {
			return nil, err
		}

		options.Log.Warn("the worker can't start yet", "retryIn", startInterval.String(), "error", err)

		if clock.Sleep(ctx, startInterval) != nil {
			return nil, err
		}
	}
}
