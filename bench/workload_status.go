package main

import (
	"context"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// statuses measures calls for the status of ended jobs, and of a running one.
func statuses(ctx context.Context, r *round) error {
	const readers, watchers = 16, 50

	systems, err := r.systems(ctx, subject)
	if err != nil {
		return err
	}

	s := systems[0]
	ended := make([]string, r.sizes.statuses)

	for i := range ended {
		if ended[i], err = s.run(ctx, work{steps: 3}); err != nil { //nolint:mnd // A small job.
			return err
		}
	}

	var (
		next    atomic.Int64
		reached load
	)

	grown, err := increases(ctx, func() (err error) {
		reached, err = r.together(ctx, s, readers, func(ctx context.Context) error {
			_, err := s.call(ctx, http.MethodGet, statusPath(ended[int(next.Add(1))%len(ended)]), nil)

			return err
		})

		return err
	}, s.memory)
	if err != nil {
		return err
	}

	r.record("ended jobs", s, "/s", higher, reached.rate)
	r.record("ended jobs, p99", s, "ms", lower, percentile(reached.durations, p99))
	r.record("additional memory", s, "MiB", lower, grown[0]/(1<<20))

	return r.watch(ctx, s, watchers)
}

// watch polls the status of a running job.
func (r *round) watch(ctx context.Context, s *system, watchers int) error {
	running, err := s.start(ctx, work{wait: time.Hour})
	if err != nil {
		return err
	}

	var reached load

	requests, err := increases(ctx, func() (err error) {
		reached, err = r.together(ctx, s, watchers, func(ctx context.Context) error {
			_, err := s.call(ctx, http.MethodGet, statusPath(running), nil)

			return err
		})

		return err
	}, s.calls)
	if err != nil {
		return err
	}

	polls := float64(len(reached.durations) + watchers)

	r.record("a running job", s, "/s", higher, reached.rate)
	r.record("requests to Temporal per 100 calls", s, "", lower, requests[0]/polls*100) //nolint:mnd // Percent.

	return nil
}

func statusPath(id string) string {
	return statusCall + "?" + url.Values{"apiKey": {devKey}, "appId": {appOfSteps}, "jobId": {id}}.Encode()
}
