package jobservice

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	workerpb "go.temporal.io/api/worker/v1"
	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/sync/errgroup"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// Queue is a task queue.
type Queue struct {
	Name       string     `json:"name" description:"The name of the task queue."`
	Workflows  *QueueLoad `json:"workflows,omitempty" description:"The tasks that decide what jobs do next; only in the task queue of jobs."`
	Activities QueueLoad  `json:"activities" description:"The steps that wait for a worker."`
	Workers    int        `json:"workers" description:"How many workers run its steps. If there are none, its steps wait."`
	Slots      *Slots     `json:"slots,omitempty" description:"The slots of these workers for its steps; missing if Temporal has no report of them."`
}

// QueueLoad is what waits in a task queue.
type QueueLoad struct {
	Backlog   int64 `json:"backlog" description:"About how many tasks wait for a worker."`
	BacklogMs int64 `json:"backlogMs" description:"About how long the oldest of them has waited, in milliseconds."`
}

// What a description of all task queues costs Temporal at most, besides the list of the workers.
const (
	maxQueues        = 50  // Described task queues.
	maxWorkerReports = 200 // Read reports. A worker has one for each of its task queues.
	parallelRequests = 8
)

// systemQueues begins the names of the task queues of Temporal itself.
const systemQueues = "temporal-sys"

// describeQueues describes the task queues that workers poll or the app names, and their workers.
func (s *Service) describeQueues(ctx context.Context, named []scenario.TaskQueue, into *System) error {
	listed := s.listWorkers(ctx)
	names, more := queuesOf(named, listed)
	into.MoreQueues = more

	var (
		group     errgroup.Group
		workflows *workflowservice.DescribeTaskQueueResponse
		steps     = make([]*workflowservice.DescribeTaskQueueResponse, len(names))
		reports   = make([]*workerpb.WorkerHeartbeat, min(len(listed), maxWorkerReports))
	)

	group.SetLimit(parallelRequests)
	group.Go(func() (err error) {
		workflows, err = s.describeQueue(ctx, job.TaskQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)

		return err
	})

	for i, name := range names {
		group.Go(func() (err error) {
			steps[i], err = s.describeQueue(ctx, name, enumspb.TASK_QUEUE_TYPE_ACTIVITY)

			return err
		})
	}

	for i := range reports {
		group.Go(func() error {
			reports[i] = s.workerReport(ctx, listed[i])

			return nil
		})
	}

	if err := group.Wait(); err != nil {
		return err
	}

	into.Queues, into.Workers = describe(names, workflows, steps, reports, into.AsOf)

	return nil
}

// queuesOf returns the names of the task queues to describe, in the order of [System], and how many more there are. Those that
// the app names precede others that workers poll.
func queuesOf(named []scenario.TaskQueue, listed []*workerpb.WorkerListInfo) (names []string, more int) {
	names = []string{job.TaskQueue, job.BulkTaskQueue}
	add := func(name string) {
		if !slices.Contains(names, name) && !strings.HasPrefix(name, systemQueues) {
			names = append(names, name)
		}
	}

	for _, name := range named {
		add(string(name))
	}

	own := len(names)

	for _, worker := range listed {
		add(worker.GetTaskQueue())
	}

	slices.Sort(names[own:]) // The limit cuts off the same ones each time.

	more = max(0, len(names)-maxQueues)
	names = names[:len(names)-more]
	slices.Sort(names[2:]) //nolint:mnd // After those of jobs and of bulk steps.

	return names, more
}

// describeQueue returns what Temporal knows of the pollers and the tasks of a type in a task queue.
func (s *Service) describeQueue(
	ctx context.Context, name string, of enumspb.TaskQueueType,
) (*workflowservice.DescribeTaskQueueResponse, error) {
	return s.options.Temporal.WorkflowService().DescribeTaskQueue(ctx, &workflowservice.DescribeTaskQueueRequest{
		Namespace: s.options.Namespace, TaskQueue: &taskqueuepb.TaskQueue{Name: name}, TaskQueueType: of,
		ReportStats: true,
	})
}

// maxListedWorkers is how many running workers are listed, each with one of its task queues.
const maxListedWorkers = 1_000

// listWorkers lists the running workers of all task queues of the namespace. Older servers know of none.
func (s *Service) listWorkers(ctx context.Context) []*workerpb.WorkerListInfo {
	listed, err := s.options.Temporal.WorkflowService().ListWorkers(ctx, &workflowservice.ListWorkersRequest{
		Namespace: s.options.Namespace, PageSize: maxListedWorkers, Query: equals("Status", "Running"),
	})
	if err != nil {
		s.options.Log.DebugContext(ctx, "can't list the reports of workers", "error", err)
	}

	workers := listed.GetWorkers()

	return workers[:min(len(workers), maxListedWorkers)]
}

// workerReport returns the report that a worker has sent of one of its task queues, or nil if the worker has ended meanwhile.
func (s *Service) workerReport(ctx context.Context, of *workerpb.WorkerListInfo) *workerpb.WorkerHeartbeat {
	described, err := s.options.Temporal.WorkflowService().DescribeWorker(ctx, &workflowservice.DescribeWorkerRequest{
		Namespace: s.options.Namespace, WorkerInstanceKey: of.GetWorkerInstanceKey(),
	})
	if err != nil {
		return nil
	}

	return described.GetWorkerInfo().GetWorkerHeartbeat()
}

// describe returns the task queues and the workers that poll them, with their reports. steps describe the task queues.
func describe(
	names []string, workflows *workflowservice.DescribeTaskQueueResponse, steps []*workflowservice.DescribeTaskQueueResponse,
	reports []*workerpb.WorkerHeartbeat, now time.Time,
) ([]Queue, []Worker) {
	workers := map[string]*Worker{}
	queues := make([]Queue, len(names))

	forPollers(workflows, workers, now, func(worker *Worker) { worker.Workflows = true })

	for i, name := range names {
		queues[i] = Queue{Name: name, Activities: loadOf(steps[i])}

		forPollers(steps[i], workers, now, func(worker *Worker) {
			worker.Activities = true

			if !slices.Contains(worker.TaskQueues, name) {
				worker.TaskQueues = append(worker.TaskQueues, name)
				queues[i].Workers++
			}
		})

		if name == job.TaskQueue {
			queues[i].Workflows = new(loadOf(workflows))
		}
	}

	addReports(queues, workers, reports)

	sorted := make([]Worker, 0, len(workers))
	for _, name := range slices.Sorted(maps.Keys(workers)) {
		sorted = append(sorted, *workers[name])
	}

	return queues, sorted
}

func loadOf(described *workflowservice.DescribeTaskQueueResponse) QueueLoad {
	stats := described.GetStats()

	return QueueLoad{
		Backlog: stats.GetApproximateBacklogCount(), BacklogMs: stats.GetApproximateBacklogAge().AsDuration().Milliseconds(),
	}
}

// forPollers calls mark with each worker that polls a task queue, after it has added it to workers.
func forPollers(
	of *workflowservice.DescribeTaskQueueResponse, workers map[string]*Worker, now time.Time, mark func(worker *Worker),
) {
	for _, poller := range pollersOf(of, now) {
		seen := poller.GetLastAccessTime().AsTime()
		worker := workers[poller.GetIdentity()]
		if worker == nil {
			worker = &Worker{
				Name: poller.GetIdentity(), Build: poller.GetDeploymentOptions().GetBuildId(), TaskQueues: []string{},
			}
			workers[worker.Name] = worker
		}

		if seen.After(worker.SeenAt) {
			worker.SeenAt = seen
		}

		mark(worker)
	}
}

// addReports adds reports to their task queues and workers. Of several for a task queue of a worker, the latest counts: the
// others are of processes that were restarted with the same identity.
func addReports(queues []Queue, workers map[string]*Worker, reports []*workerpb.WorkerHeartbeat) {
	type place struct{ worker, queue string }

	latest := map[place]*workerpb.WorkerHeartbeat{}

	for _, report := range reports {
		at := place{report.GetWorkerIdentity(), report.GetTaskQueue()}
		if known := latest[at]; report.GetHeartbeatTime().AsTime().After(known.GetHeartbeatTime().AsTime()) {
			latest[at] = report
		}
	}

	for at, report := range latest {
		queue := slices.IndexFunc(queues, func(queue Queue) bool { return queue.Name == at.queue })
		worker := workers[at.worker]

		if queue < 0 || worker == nil || !slices.Contains(worker.TaskQueues, at.queue) {
			continue // It has ended.
		}

		slots := slotsOf(report.GetActivityTaskSlotsInfo())

		worker.addReport(report, slots)

		if known := queues[queue].Slots; known != nil {
			slots = slots.plus(*known)
		}

		queues[queue].Slots = &slots
	}
}

// addReport adds a report of one of the worker's task queues, which has these slots for steps.
func (w *Worker) addReport(report *workerpb.WorkerHeartbeat, steps Slots) {
	if w.Slots == nil {
		w.Slots = &WorkerSlots{Host: report.GetHostInfo().GetHostName(), SDK: report.GetSdkVersion()}
	}

	if at := report.GetHeartbeatTime().AsTime(); at.After(w.Slots.ReportedAt) {
		w.Slots.ReportedAt = at
	}

	if started := report.GetStartTime(); started != nil {
		if known := w.Slots.StartedAt; known == nil || started.AsTime().Before(*known) {
			w.Slots.StartedAt = new(started.AsTime())
		}
	}

	w.Slots.Activities = w.Slots.Activities.plus(steps)

	if report.GetTaskQueue() == job.TaskQueue { // Jobs run in no other one.
		w.Slots.Workflows = slotsOf(report.GetWorkflowTaskSlotsInfo())
		w.Slots.LocalActivities = slotsOf(report.GetLocalActivitySlotsInfo())
	}
}

// plus returns the slots together with others.
func (s Slots) plus(other Slots) Slots {
	return Slots{
		Used: s.Used + other.Used, Free: s.Free + other.Free, Done: s.Done + other.Done, Failed: s.Failed + other.Failed,
	}
}

func slotsOf(reported *workerpb.WorkerSlotsInfo) Slots {
	return Slots{
		Used: reported.GetCurrentUsedSlots(), Free: reported.GetCurrentAvailableSlots(), Done: reported.GetTotalProcessedTasks(),
		Failed: reported.GetTotalFailedTasks(),
	}
}
