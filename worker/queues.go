package worker

import (
	"slices"
	"sync"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/workflows"
)

// queues are Temporal workers of one process, each of a task queue.
type queues struct {
	all  []worker.Worker
	main worker.Worker // That of the main task queue; nil if it is not polled.
}

// newQueues returns a worker for each task queue. Only that of the main task queue runs workflows, as options say.
func newQueues(temporal client.Client, options worker.Options, capacity Capacity) (q queues, err error) {
	if capacity.CachedJobs > 0 {
		worker.SetStickyWorkflowCacheSize(capacity.CachedJobs)
	}

	var controller *worker.ResourceController // Nil if the number of slots is fixed.

	if capacity.isResourceBased() {
		if controller, err = capacity.controller(); err != nil {
			return q, err
		}
	}

	names := slices.Clone(capacity.queues())
	if slices.Contains(names, job.TaskQueue) {
		names = append(names, job.BulkTaskQueue)
	}

	slices.Sort(names) // The main task queue precedes the one for bulk steps.
	names = slices.Compact(names)

	pollers := capacity.pollers()
	options.WorkflowTaskPollerBehavior, options.ActivityTaskPollerBehavior = pollers, pollers
	options.NexusTaskPollerBehavior = pollers
	options.OnFatalError = once(options.OnFatalError)

	for _, name := range names {
		own, steps := options, capacity.Bulk()
		if name == job.TaskQueue {
			steps = capacity.LightSteps
		} else {
			own.DisableWorkflowWorker = true
		}

		if own.Tuner, err = capacity.tuner(steps, controller); err != nil {
			return q, err
		}

		of := worker.New(temporal, name, own)
		if name == job.TaskQueue {
			workflows.Register(of)

			q.main = of
		}

		q.all = append(q.all, of)
	}

	return q, nil
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
func (q queues) register(activities any) {
	for _, of := range q.all {
		of.RegisterActivity(activities)
	}
}

// start starts all workers, or none.
func (q queues) start() error {
	for i, of := range q.all {
		if err := of.Start(); err != nil {
			queues{all: q.all[:i]}.stop()

			return err
		}
	}

	return nil
}

// stop stops all workers, which wait for their steps at the same time.
func (q queues) stop() {
	var stopping sync.WaitGroup
	for _, of := range q.all {
		stopping.Go(of.Stop)
	}

	stopping.Wait()
}
