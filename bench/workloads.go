package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
)

// workload is a part of the benchmark.
type workload struct {
	name  string
	about string
	once  bool // Whether there is one round only.
	run   func(ctx context.Context, r *round) error
}

// everything are the systems of most workloads.
var everything = []string{subject, localActivities, activityPerStep, emptyWorkflow}

var workloads = []workload{
	{name: "steps3", about: "3 light steps, one job at a time", run: oneAtATime((*round).systems, work{steps: 3}, everything...)},
	{
		name: "steps10", about: "10 light steps, one job at a time",
		run: oneAtATime((*round).systems, work{steps: 10}, everything...),
	},
	{name: "callers3", about: "3 light steps, 32 callers", run: callers((*round).systems, work{steps: 3}, everything...)},
	{name: "callers10", about: "10 light steps, 32 callers", run: callers((*round).systems, work{steps: 10}, everything...)},
	{name: "activities", about: "10 light steps with execution: activity, one job at a time and 32 callers", run: asActivities},
	{name: "long", about: "a job of 400 light steps", run: single(func(s sizes) work { return work{steps: s.steps} })},
	{
		name: "wide", about: "a job of 40 branches of 10 light steps",
		run: single(func(s sizes) work { return work{branches: s.branches, steps: s.branchSteps} }),
	},
	{
		name: "loop", about: "a loop of 10,000 rounds of a light step",
		run: single(func(s sizes) work { return work{rounds: s.loopRounds} }),
	},
	{
		name: "arrivals", about: "jobs of 10 light steps that arrive at random, at increasing rates",
		run: deployment((*round).systems).each(arrivals, subject, localActivities),
	},
	{name: "layer", about: "a call, and the same workflow started with Temporal's SDK", run: layer},
	{name: "status", about: "16 callers of the status of ended jobs, 50 of that of a running job", run: statuses},
	{
		name: "cost", about: "events, transitions and requests of a job",
		run: cost((*round).systems, subject, localActivities, activityPerStep),
	},
	{name: "resume", about: "the time until a job continues after SIGKILL", run: resume},
	{name: "waiting", about: "10,000 jobs in flight", once: true, run: waiting},
	{
		name: "postgres-steps10", about: "steps10, on PostgreSQL",
		run: oneAtATime((*round).onPostgreSQL, work{steps: 10}, append([]string{subjectSeparate}, everything...)...),
	},
	{
		name: "postgres-callers10", about: "callers10, on PostgreSQL",
		run: callers((*round).onPostgreSQL, work{steps: 10}, append([]string{subjectSeparate}, everything...)...),
	},
	{
		name: "postgres-cost", about: "cost, on PostgreSQL, and what is written there",
		run: cost((*round).onPostgreSQL, subject, subjectSeparate, localActivities, activityPerStep),
	},
}

// deployment returns the systems with these names.
type deployment func(r *round, ctx context.Context, names ...string) ([]*system, error)

// namedPart is a part of the durations.
type namedPart struct {
	name string
	part float64
}

// The percentiles that are measured.
var (
	p50 = namedPart{"p50", 0.5}
	p95 = namedPart{"p95", 0.95}
	p99 = namedPart{"p99", 0.99}
)

// each returns the function of a workload that measures each of the systems with these names.
func (on deployment) each(
	measure func(ctx context.Context, r *round, s *system) error, names ...string,
) func(ctx context.Context, r *round) error {
	return func(ctx context.Context, r *round) error {
		systems, err := on(r, ctx, names...)
		if err != nil {
			return err
		}

		for _, s := range systems {
			if err := measure(ctx, r, s); err != nil {
				return err
			}
		}

		return nil
	}
}

func oneAtATime(on deployment, w work, names ...string) func(ctx context.Context, r *round) error {
	return on.each(func(ctx context.Context, r *round, s *system) error {
		durations, err := r.alone(ctx, s, w)
		if err != nil {
			return err
		}

		r.record("p50", s, "ms", lower, percentile(durations, p50))
		r.record("p95", s, "ms", lower, percentile(durations, p95))

		return nil
	}, names...)
}

func callers(on deployment, w work, names ...string) func(ctx context.Context, r *round) error {
	return on.each(func(ctx context.Context, r *round, s *system) error {
		reached, err := r.together(ctx, s, r.sizes.callers, func(ctx context.Context) error {
			_, err := s.run(ctx, w)

			return err
		})
		if err != nil {
			return err
		}

		r.record("jobs", s, "/s", higher, reached.rate)
		r.record("p95", s, "ms", lower, percentile(reached.durations, p95))
		r.record("CPU per job", s, "ms", lower, reached.cpu)

		if s.name == subjectSeparate {
			r.record("CPU of the API server per job", s, "ms", lower, reached.first)
		}

		return nil
	}, names...)
}

func asActivities(ctx context.Context, r *round) error {
	const steps = 10

	err := oneAtATime((*round).systems, work{steps: steps}, subjectActivity, activityPerStep)(ctx, r)
	if err != nil {
		return err
	}

	r.workload += ", callers"

	return callers((*round).systems, work{steps: steps}, subjectActivity, activityPerStep)(ctx, r)
}

// single measures one job.
func single(of func(s sizes) work) func(ctx context.Context, r *round) error {
	return deployment((*round).systems).each(func(ctx context.Context, r *round, s *system) error {
		began := time.Now()

		if _, err := s.run(ctx, of(r.sizes)); err != nil {
			return err
		}

		r.record("time", s, "s", lower, time.Since(began).Seconds())

		return nil
	}, subject, localActivities, activityPerStep)
}

// arrivals increases the rate until a system does not sustain it: when a job of 20 takes more than a second.
func arrivals(ctx context.Context, r *round, s *system) error {
	const (
		limit    = 1000 // Milliseconds.
		increase = 1.5
		most     = 100_000
	)

	sustained := 0

	for i, rate := 0, r.sizes.rates[0]; rate < most; i++ {
		durations, err := r.arrive(ctx, s, work{steps: 10}, rate) //nolint:mnd // As in the other workloads.
		if err != nil {
			return err
		}

		isListed := i < len(r.sizes.rates)
		if isListed {
			for _, p := range []namedPart{p50, p95, p99} {
				r.record(fmt.Sprintf("%d/min, %s", rate, p.name), s, "ms", lower, percentile(durations, p))
			}
		}

		isSustained := percentile(durations, p95) <= limit
		if isSustained {
			sustained = rate
		}

		switch {
		case i+1 < len(r.sizes.rates):
			rate = r.sizes.rates[i+1]
		case !isSustained:
			rate = most
		default:
			rate = int(float64(rate) * increase)
		}
	}

	r.record("sustained", s, "jobs/min", higher, float64(sustained))

	return nil
}

// layer compares calls of the API with the same workflow, started by a client of Temporal that waits for its end.
func layer(ctx context.Context, r *round) error {
	const steps = 10

	systems, err := r.systems(ctx, subject)
	if err != nil {
		return err
	}

	s := systems[0]

	id, err := s.run(ctx, work{steps: steps})
	if err != nil {
		return err
	}

	history := s.temporal.GetWorkflowHistory(ctx, id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)

	event, err := history.Next()
	if err != nil {
		return err
	}

	started := event.GetWorkflowExecutionStartedEventAttributes()

	sdk, err := r.repeat(func() error {
		id := uuid.NewString()

		_, err := s.temporal.WorkflowService().StartWorkflowExecution(ctx, &workflowservice.StartWorkflowExecutionRequest{
			Namespace: defaultNamespace, RequestId: id, WorkflowId: id, WorkflowType: started.GetWorkflowType(),
			TaskQueue: started.GetTaskQueue(), Input: started.GetInput(), WorkflowTaskTimeout: started.GetWorkflowTaskTimeout(),
			Memo: started.GetMemo(), SearchAttributes: started.GetSearchAttributes(), Header: started.GetHeader(),
			Priority: started.GetPriority(), UserMetadata: event.GetUserMetadata(),
		})
		if err != nil {
			return err
		}

		return s.temporal.GetWorkflow(ctx, id, "").Get(ctx, nil)
	})
	if err != nil {
		return err
	}

	rest, err := r.alone(ctx, s, work{steps: steps})
	if err != nil {
		return err
	}

	for _, p := range []namedPart{p50, p99} {
		r.record("call, "+p.name, s, "ms", lower, percentile(rest, p))
		r.record("SDK, "+p.name, s, "ms", lower, percentile(sdk, p))
		r.record("call − SDK, "+p.name, s, "ms", lower, percentile(rest, p)-percentile(sdk, p))
	}

	return nil
}
