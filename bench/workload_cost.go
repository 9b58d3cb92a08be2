package main

import (
	"context"
	"fmt"
)

// cost measures what jobs of 0, 3 and 10 steps cost.
func cost(on deployment, names ...string) func(ctx context.Context, r *round) error {
	return func(ctx context.Context, r *round) error {
		workload := r.workload

		for _, steps := range []int{0, 3, 10} {
			r.workload = fmt.Sprintf("%s, %d steps", workload, steps)

			measure := func(ctx context.Context, r *round, s *system) error {
				return r.costOf(ctx, s, work{steps: steps})
			}
			if err := on.each(measure, names...)(ctx, r); err != nil {
				return err
			}
		}

		return nil
	}
}

// costOf measures what the parts of the system and Temporal do for a job, and what they write to PostgreSQL if Temporal stores
// its state there.
func (r *round) costOf(ctx context.Context, s *system, w work) error {
	counters := []func(context.Context) (float64, error){s.calls, s.cpu}
	if s.database != nil {
		counters = append([]func(context.Context) (float64, error){s.database.transactions, s.database.log}, counters...)
	}

	var id string

	counted, err := increases(ctx, func() (err error) {
		for range r.sizes.countedJobs {
			if id, err = s.run(ctx, w); err != nil {
				return err
			}
		}

		return nil
	}, counters...)
	if err != nil {
		return err
	}

	described, err := s.temporal.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return err
	}

	jobs, info := float64(r.sizes.countedJobs), described.GetWorkflowExecutionInfo()
	own := counted[len(counted)-2:] //nolint:mnd // Its calls and its CPU time.

	r.record("events", s, "", lower, float64(info.GetHistoryLength()))
	r.record("history", s, "bytes", lower, float64(info.GetHistorySizeBytes()))
	r.record("transitions", s, "", lower, float64(info.GetStateTransitionCount()))
	r.record("requests to Temporal", s, "", lower, own[0]/jobs)
	r.record("CPU, one at a time", s, "ms", lower, own[1]*millisecondsPerSecond/jobs)

	if s.database != nil {
		r.record("transactions that write", s, "", lower, counted[0]/jobs)
		r.record("write-ahead log", s, "bytes", lower, counted[1]/jobs)
	}

	return nil
}
