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

	memory, err := s.memory()
	if err != nil {
		return err
	}

	disk, err := diskOf(s.data)
	if err != nil {
		return err
	}

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

	jobs := float64(r.sizes.waiting)
	r.record("starts", s, "/s", higher, jobs/time.Since(began).Seconds())

	before, err := s.cpu()
	if err != nil {
		return err
	}

	began = time.Now()

	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(2 * r.sizes.window): //nolint:mnd // The starts are over.
	}

	after, err := s.cpu()
	if err != nil {
		return err
	}

	idle := (after - before).Seconds() / time.Since(began).Seconds()
	r.record("CPU after the starts", s, "cores", lower, idle)

	used, err := s.memory()
	if err != nil {
		return err
	}

	r.record("memory per job", s, "KiB", lower, float64(used-memory)/jobs/kibibyte)

	size, err := diskOf(s.data)
	if err != nil {
		return err
	}

	r.record("disk per job", s, "KiB", lower, float64(size-disk)/jobs/kibibyte)

	durations, err := r.alone(ctx, s, work{steps: 10}) //nolint:mnd // As in the other workloads.
	if err != nil {
		return err
	}

	r.record("10 steps meanwhile, p50", s, "ms", lower, percentile(durations, p50))

	return nil
}

// diskOf returns the size of the files in a folder.
func diskOf(dir string) (size int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}

		if info, err := entry.Info(); err == nil { // Otherwise, the file has been removed.
			size += info.Size()
		}

		return nil
	})

	return size, err
}
