package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// resume kills jobwright-dev while it runs a slow step, and measures how long the job takes after the restart, without the time
// of the step.
func resume(ctx context.Context, r *round) (err error) {
	name := fmt.Sprintf("resume-%d", r.number)

	s, err := r.startDev(ctx, name)
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, s.stop()) }()

	if err := s.prepare(ctx); err != nil {
		return err
	}

	slow := func(id string) executeJob { return runScenario(appOfSteps, "Slow", nil, id) }
	began := time.Now()

	if _, err := s.call(ctx, http.MethodPost, executeCall, slow(uuid.NewString())); err != nil {
		return err
	}

	normal := time.Since(began)
	job := slow(uuid.NewString())
	job.IsAsync, job.WaitSeconds = true, 0

	if _, err := s.call(ctx, http.MethodPost, executeCall, job); err != nil {
		return err
	}

	if err := await(ctx, time.After(normal/2)); err != nil { //nolint:mnd // The slow step runs.
		return err
	}

	if err := s.processes[0].kill(); err != nil {
		return err
	}

	began = time.Now()

	restarted, err := r.startDev(ctx, name)
	if err != nil {
		return err
	}

	*s = *restarted
	r.record("ready", s, "s", lower, time.Since(began).Seconds())

	if _, err := s.call(ctx, http.MethodPost, executeCall, slow(job.JobID)); err != nil {
		return err
	}

	r.record("end of the job, without its step", s, "s", lower, (time.Since(began) - normal).Seconds())

	return nil
}
