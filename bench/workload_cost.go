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
				if err := r.costOf(ctx, s, work{steps: steps}); err != nil {
					return err
				}

				return r.writtenBy(ctx, s, work{steps: steps})
			}
			if err := on.each(measure, names...)(ctx, r); err != nil {
				return err
			}
		}

		return nil
	}
}

// writtenBy measures what jobs write to PostgreSQL, if Temporal stores its state there.
func (r *round) writtenBy(ctx context.Context, s *system, w work) error {
	if s.database == nil {
		return nil
	}

	transactions, log, err := s.database.written(ctx)
	if err != nil {
		return err
	}

	for range r.sizes.countedJobs {
		if _, err := s.run(ctx, w); err != nil {
			return err
		}
	}

	transactionsAfter, logAfter, err := s.database.written(ctx)
	if err != nil {
		return err
	}

	jobs := float64(r.sizes.countedJobs)

	r.record("transactions that write", s, "", lower, (transactionsAfter-transactions)/jobs)
	r.record("write-ahead log", s, "bytes", lower, (logAfter-log)/jobs)

	return nil
}

// costOf measures what the parts of the system and Temporal do for a job.
func (r *round) costOf(ctx context.Context, s *system, w work) error {
	before, err := s.calls(ctx)
	if err != nil {
		return err
	}

	cpu, err := s.cpu()
	if err != nil {
		return err
	}

	var id string

	for range r.sizes.countedJobs {
		if id, err = s.run(ctx, w); err != nil {
			return err
		}
	}

	spent, err := s.cpu()
	if err != nil {
		return err
	}

	after, err := s.calls(ctx)
	if err != nil {
		return err
	}

	described, err := s.temporal.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return err
	}

	jobs, info := float64(r.sizes.countedJobs), described.GetWorkflowExecutionInfo()

	r.record("events", s, "", lower, float64(info.GetHistoryLength()))
	r.record("history", s, "bytes", lower, float64(info.GetHistorySizeBytes()))
	r.record("transitions", s, "", lower, float64(info.GetStateTransitionCount()))
	r.record("requests to Temporal", s, "", lower, (after-before)/jobs)
	r.record("CPU, one at a time", s, "ms", lower, milliseconds(spent-cpu)/jobs)

	return nil
}
