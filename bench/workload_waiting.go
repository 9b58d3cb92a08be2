package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

// waiting starts jobs that wait, and measures what they need.
func waiting(ctx context.Context, r *round) (err error) {
	jobwright, reference, err := r.startPair(ctx, "waiting")
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, jobwright.stop(), reference.stop()) }()

	for _, s := range []*system{jobwright, reference} {
		if err := r.waitingJobs(ctx, s); err != nil {
			return err
		}
	}

	return nil
}

func (r *round) waitingJobs(ctx context.Context, s *system) error {
	const kibibyte = 1 << 10

	jobs := float64(r.sizes.waiting)

	grown, err := increases(ctx, func() error { return r.startWaiting(ctx, s) }, s.memory, s.disk)
	if err != nil {
		return err
	}

	r.record("memory per job", s, "KiB", lower, grown[0]/jobs/kibibyte)
	r.record("disk per job", s, "KiB", lower, grown[1]/jobs/kibibyte)

	durations, err := r.alone(ctx, s, work{steps: 10}) //nolint:mnd // As in the other workloads.
	if err != nil {
		return err
	}

	r.record("10 steps meanwhile, p50", s, "ms", lower, percentile(durations, p50))

	return nil
}

// startWaiting starts the jobs, and measures what the system computes when all have started.
func (r *round) startWaiting(ctx context.Context, s *system) error {
	began := time.Now()

	group, limited := errgroup.WithContext(ctx)
	group.SetLimit(r.sizes.callers)

	for range r.sizes.waiting {
		group.Go(func() error {
			_, err := s.start(limited, work{wait: 24 * time.Hour})

			return err
		})
	}

	if err := group.Wait(); err != nil {
		return err
	}

	r.record("starts", s, "/s", higher, float64(r.sizes.waiting)/time.Since(began).Seconds())

	began = time.Now()

	spent, err := increases(ctx, func() error {
		return await(ctx, time.After(2*r.sizes.window)) //nolint:mnd // The starts are over.
	}, s.cpu)
	if err != nil {
		return err
	}

	r.record("CPU after the starts", s, "cores", lower, spent[0]/time.Since(began).Seconds())

	return nil
}

// disk returns the size of the files in the folder of the system.
func (s *system) disk(context.Context) (size float64, err error) {
	err = filepath.WalkDir(s.data, func(_ string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}

		if info, err := entry.Info(); err == nil { // Otherwise, the file has been removed.
			size += float64(info.Size())
		}

		return nil
	})

	return size, err
}
