package worker

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/jobwright/jobwright/internal/clock"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/workflows"
)

// queues are Temporal workers of one process, each of a task queue.
type queues struct {
	temporal   client.Client
	options    worker.Options // Of all task queues.
	capacity   Capacity
	controller *worker.ResourceController // Nil if the number of slots is fixed.
	activities []any                      // The structs whose methods all workers run.

	all   []worker.Worker
	names []string      // Of the task queues of all.
	main  worker.Worker // That of the main task queue; nil if it is not polled.
}

// newQueues returns a worker for each task queue of the capacity, and for others. Only that of the main task queue runs
// workflows, as options say.
func newQueues(temporal client.Client, options worker.Options, capacity Capacity, others []string) (*queues, error) {
	if capacity.CachedJobs > 0 {
		worker.SetStickyWorkflowCacheSize(capacity.CachedJobs)
	}

	q := &queues{temporal: temporal, options: options, capacity: capacity}

	if capacity.isResourceBased() {
		var err error
		if q.controller, err = capacity.controller(); err != nil {
			return q, err
		}
	}

	names := slices.Concat(capacity.queues(), others)
	if slices.Contains(names, job.TaskQueue) {
		names = append(names, job.BulkTaskQueue)
	}

	slices.Sort(names) // The main task queue precedes the one for bulk steps.

	pollers := capacity.pollers()
	q.options.WorkflowTaskPollerBehavior, q.options.ActivityTaskPollerBehavior = pollers, pollers
	q.options.NexusTaskPollerBehavior = pollers
	q.options.OnFatalError = once(options.OnFatalError)

	for _, name := range slices.Compact(names) {
		of, err := q.newWorker(name)
		if err != nil {
			return q, err
		}

		if name == job.TaskQueue {
			workflows.Register(of)

			q.main = of
		}

		q.add(name, of)
	}

	return q, nil
}

// newWorker returns a worker for a task queue.
func (q *queues) newWorker(name string) (worker.Worker, error) {
	options, steps := q.options, q.capacity.Bulk()
	if name == job.TaskQueue {
		steps = q.capacity.LightSteps
	} else {
		options.DisableWorkflowWorker = true
	}

	var err error
	if options.Tuner, err = q.capacity.tuner(steps, q.controller); err != nil {
		return nil, err
	}

	return worker.New(q.temporal, name, options), nil
}

func (q *queues) add(name string, of worker.Worker) {
	q.all, q.names = append(q.all, of), append(q.names, name)
}

// followInterval is the time between two looks at which further task queues there are.
const followInterval = time.Second

// follow starts workers for the task queues that named returns, as soon as it does, until ctx is done.
func (q *queues) follow(ctx context.Context, named func() []string, log *slog.Logger) {
	for clock.Sleep(ctx, followInterval) == nil {
		for _, name := range named() {
			if slices.Contains(q.names, name) {
				continue
			}

			if err := q.startFurther(name); err != nil {
				log.WarnContext(ctx, "can't poll a task queue yet",
					"taskQueue", name, "retryIn", followInterval.String(), "error", err)
			} else {
				log.InfoContext(ctx, "polling another task queue", "taskQueue", name)
			}
		}
	}
}

// startFurther starts a worker for a task queue.
func (q *queues) startFurther(name string) error {
	of, err := q.newWorker(name)
	if err != nil {
		return err
	}

	for _, activities := range q.activities {
		of.RegisterActivity(activities)
	}

	if err := of.Start(); err != nil {
		return err
	}

	q.add(name, of)

	return nil
}

// once returns a function that calls report, if it is not nil, with the first error only.
func once(report func(error)) func(error) {
	if report == nil {
		return nil
	}

	var first sync.Once

	return func(err error) { first.Do(func() { report(err) }) }
}

// register registers the activities of a struct in all task queues.
func (q *queues) register(activities any) {
	q.activities = append(q.activities, activities)

	for _, of := range q.all {
		of.RegisterActivity(activities)
	}
}

// start starts all workers, or none.
func (q *queues) start() error {
	for i, of := range q.all {
		if err := of.Start(); err != nil {
			(&queues{all: q.all[:i]}).stop()

			return err
		}
	}

	return nil
}

// stop stops all workers, which wait for their steps at the same time.
func (q *queues) stop() {
	var stopping sync.WaitGroup
	for _, of := range q.all {
		stopping.Go(of.Stop)
	}

	stopping.Wait()
}
