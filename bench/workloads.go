package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/sync/errgroup"
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
	{name: "arrivals", about: "jobs of 10 light steps that arrive at random, at increasing rates", run: arrivals},
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

func oneAtATime(on deployment, w work, names ...string) func(ctx context.Context, r *round) error {
	return func(ctx context.Context, r *round) error {
		systems, err := on(r, ctx, names...)
		if err != nil {
			return err
		}

		for _, s := range systems {
			durations, err := r.alone(ctx, s, w)
			if err != nil {
				return err
			}

			r.record("p50", s, "ms", lower, percentile(durations, p50))
			r.record("p95", s, "ms", lower, percentile(durations, p95))
		}

		return nil
	}
}

func callers(on deployment, w work, names ...string) func(ctx context.Context, r *round) error {
	return func(ctx context.Context, r *round) error {
		systems, err := on(r, ctx, names...)
		if err != nil {
			return err
		}

		for _, s := range systems {
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
		}

		return nil
	}
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
	return func(ctx context.Context, r *round) error {
		systems, err := r.systems(ctx, subject, localActivities, activityPerStep)
		if err != nil {
			return err
		}

		for _, s := range systems {
			began := time.Now()

			if _, err := s.run(ctx, of(r.sizes)); err != nil {
				return err
			}

			r.record("time", s, "s", lower, time.Since(began).Seconds())
		}

		return nil
	}
}

// arrivals increases the rate until a system does not sustain it: when a job of 20 takes more than a second.
func arrivals(ctx context.Context, r *round) error {
	const (
		limit    = 1000 // Milliseconds.
		increase = 1.5
		most     = 100_000
	)

	systems, err := r.systems(ctx, subject, localActivities)
	if err != nil {
		return err
	}

	for _, s := range systems {
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
	}

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

	before, err := s.memory()
	if err != nil {
		return err
	}

	var next atomic.Int64

	reached, err := r.together(ctx, s, readers, func(ctx context.Context) error {
		_, err := s.call(ctx, http.MethodGet, statusPath(ended[int(next.Add(1))%len(ended)]), nil)

		return err
	})
	if err != nil {
		return err
	}

	after, err := s.memory()
	if err != nil {
		return err
	}

	r.record("ended jobs", s, "/s", higher, reached.rate)
	r.record("ended jobs, p99", s, "ms", lower, percentile(reached.durations, p99))
	r.record("additional memory", s, "MiB", lower, float64(after-before)/(1<<20))

	return r.watch(ctx, s, watchers)
}

// watch polls the status of a running job.
func (r *round) watch(ctx context.Context, s *system, watchers int) error {
	running, err := s.start(ctx, work{wait: time.Hour})
	if err != nil {
		return err
	}

	before, err := s.calls(ctx)
	if err != nil {
		return err
	}

	var polls int

	reached, err := r.together(ctx, s, watchers, func(ctx context.Context) error {
		_, err := s.call(ctx, http.MethodGet, statusPath(running), nil)

		return err
	})
	if err != nil {
		return err
	}

	after, err := s.calls(ctx)
	polls = len(reached.durations) + watchers

	r.record("a running job", s, "/s", higher, reached.rate)
	r.record("requests to Temporal per 100 calls", s, "", lower, (after-before)/float64(polls)*100) //nolint:mnd // Percent.

	return err
}

func statusPath(id string) string {
	return statusCall + "?" + url.Values{"apiKey": {devKey}, "appId": {appOfSteps}, "jobId": {id}}.Encode()
}

// cost measures what jobs of 0, 3 and 10 steps cost.
func cost(on deployment, names ...string) func(ctx context.Context, r *round) error {
	return func(ctx context.Context, r *round) error {
		workload := r.workload

		for _, steps := range []int{0, 3, 10} {
			r.workload = fmt.Sprintf("%s, %d steps", workload, steps)

			systems, err := on(r, ctx, names...)
			if err != nil {
				return err
			}

			for _, s := range systems {
				if err := r.costOf(ctx, s, work{steps: steps}); err != nil {
					return err
				}

				if err := r.writtenBy(ctx, s, work{steps: steps}); err != nil {
					return err
				}
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

// resume kills jobwright-dev while it runs a slow step, and measures how long the job takes after the restart, without the time
// of the step.
func resume(ctx context.Context, r *round) (err error) {
	dir, err := r.folder(fmt.Sprintf("resume-%d", r.number))
	if err != nil {
		return err
	}

	s, err := r.startDev(ctx, dir)
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

	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(normal / 2): //nolint:mnd // The slow step runs.
	}

	if err := s.processes[0].kill(); err != nil {
		return err
	}

	began = time.Now()

	restarted, err := r.startDev(ctx, dir)
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
