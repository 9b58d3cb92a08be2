package jobservice

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	workerpb "go.temporal.io/api/worker/v1"
	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/sync/errgroup"

	"github.com/jobwright/jobwright/internal/version"
	"github.com/jobwright/jobwright/job"
)

// systemAge is how old the state of the system may be that calls share.
const systemAge = 2 * time.Second

// System is the state of the system, as an operator of an app sees it.
type System struct {
	AsOf   time.Time `json:"asOf" description:"When the state was read. It may be two seconds old."`
	Server Build     `json:"server" description:"The build of the API server."`

	Temporal Temporal `json:"temporal" description:"The connection of the API server to Temporal."`
	Queue    Queue    `json:"queue" description:"The task queue of the jobs of all apps."`
	Workers  []Worker `json:"workers" description:"The workers that have asked for work within the last minute or so, in the order of their names."`

	ResultStore ResultStore `json:"resultStore" description:"The store of the results of jobs, as the API server sees it."`

	Jobs JobCounts `json:"jobs" description:"The jobs of the app."`
}

// ResultStore is the state of the result store, which the API server adds to a [System].
type ResultStore struct {
	Kind      string `json:"kind" description:"folder, or the scheme of the bucket's URL, for example s3."`
	Reachable bool   `json:"reachable" description:"Whether the API server can read it."`
	Message   string `json:"message,omitempty" description:"What is wrong, if it can't."`
}

// Build is a build of Jobwright.
type Build struct {
	Version     string `json:"version" description:"The version, for example v0.1.0, or dev."`
	Commit      string `json:"commit,omitempty" description:"The commit in Git."`
	Modified    bool   `json:"modified,omitempty" description:"Whether the working copy had changes that are not in the commit."`
	Date        string `json:"date,omitempty" description:"The date of the build or of the commit, in RFC 3339."`
	Go          string `json:"go" description:"The version of Go."`
	Platform    string `json:"platform" description:"The operating system and the architecture."`
	TemporalSDK string `json:"temporalSdk" description:"The version of Temporal's SDK for Go."`
}

// Temporal is the connection to Temporal.
type Temporal struct {
	Reachable bool   `json:"reachable" description:"Whether Temporal responds."`
	Message   string `json:"message,omitempty" description:"What is wrong, if it does not."`
	Address   string `json:"address,omitempty" description:"Its address."`
	Namespace string `json:"namespace" description:"The namespace of the jobs."`
	Version   string `json:"version,omitempty" description:"The version of its server."`
	Retention string `json:"retention,omitempty" description:"How long it remembers a job after its end, for example 168h0m0s."`
	UI        string `json:"ui,omitempty" description:"The address of Temporal UI, if the API server knows it."`
}

// Queue is the task queue of the jobs.
type Queue struct {
	Name       string    `json:"name" description:"The name of the task queue."`
	Workflows  QueueLoad `json:"workflows" description:"The tasks that decide what jobs do next."`
	Activities QueueLoad `json:"activities" description:"The steps that wait for a worker."`
}

// QueueLoad is what waits in a task queue.
type QueueLoad struct {
	Backlog   int64 `json:"backlog" description:"About how many tasks wait for a worker."`
	BacklogMs int64 `json:"backlogMs" description:"About how long the oldest of them has waited, in milliseconds."`
}

// Worker is a worker that polls.
type Worker struct {
	Name       string    `json:"name" description:"The identity that Temporal UI shows: usually the process and the host."`
	Build      string    `json:"build,omitempty" description:"The build of the worker."`
	Workflows  bool      `json:"workflows" description:"Whether it decides what jobs do next."`
	Activities bool      `json:"activities" description:"Whether it runs steps."`
	SeenAt     time.Time `json:"seenAt" description:"When it last asked for work. A worker waits for up to a minute for an answer."`

	Slots *WorkerSlots `json:"slots,omitempty" description:"What it runs and can run; missing if Temporal has no report of it."`
}

// WorkerSlots are a worker's report of its capacity.
type WorkerSlots struct {
	ReportedAt      time.Time  `json:"reportedAt" description:"When the worker sent the report. It sends one every few seconds."`
	StartedAt       *time.Time `json:"startedAt,omitempty" description:"When the worker started."`
	Host            string     `json:"host,omitempty" description:"Its host."`
	SDK             string     `json:"sdk,omitempty" description:"The version of its SDK."`
	Workflows       Slots      `json:"workflows" description:"The slots for tasks that decide what jobs do next."`
	Activities      Slots      `json:"activities" description:"The slots for steps in activities."`
	LocalActivities Slots      `json:"localActivities" description:"The slots for steps in local activities."`
}

// Slots are the slots of a worker for one kind of tasks.
type Slots struct {
	Used   int32 `json:"used" description:"The number of tasks that run."`
	Free   int32 `json:"free" description:"How many more it can run."`
	Done   int32 `json:"done" description:"The number of tasks that have ended since the start of the worker."`
	Failed int32 `json:"failed" description:"How many of these failed."`
}

// Size returns the number of all slots.
func (s Slots) Size() int32 { return s.Used + s.Free }

// JobCounts are numbers of jobs of an app.
type JobCounts struct {
	Running int64 `json:"running" description:"The number of running jobs, including those that wait, and child jobs."`
	Stuck   int64 `json:"stuck" description:"How many of these make no progress, because their workflow tasks fail again and again."`
}

// System returns the state of the system. If Temporal can't be reached, the result says so, and lacks what only Temporal knows.
func (s *Service) System(ctx context.Context, caller Caller) (*System, error) {
	return s.systems.get(ctx, caller.App.ID, func(ctx context.Context, now time.Time) (*System, error) {
		return s.system(ctx, caller.App.ID, now)
	})
}

func (s *Service) system(ctx context.Context, appID string, now time.Time) (*System, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()

	build := version.Get()
	found := &System{
		AsOf: now.UTC(), Workers: []Worker{}, Queue: Queue{Name: job.TaskQueue},
		Server: Build{
			Version: build.Version, Commit: build.Commit, Modified: build.Modified, Date: build.Date, Go: build.Go,
			Platform: build.Platform, TemporalSDK: build.TemporalSDK,
		},
		Temporal: Temporal{
			Address: s.options.TemporalAddress, Namespace: s.options.Namespace, UI: s.options.TemporalUI,
		},
	}

	var (
		group     errgroup.Group
		workflows *workflowservice.DescribeTaskQueueResponse
		steps     *workflowservice.DescribeTaskQueueResponse
		reports   []*workerpb.WorkerHeartbeat
	)

	group.Go(func() error { return s.describeTemporal(ctx, &found.Temporal) })
	group.Go(func() (err error) {
		workflows, err = s.describeQueue(ctx, job.TaskQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)

		return err
	})
	group.Go(func() (err error) {
		steps, err = s.describeQueue(ctx, job.TaskQueue, enumspb.TASK_QUEUE_TYPE_ACTIVITY)

		return err
	})
	group.Go(func() error {
		reports = s.workerReports(ctx)

		return nil
	})
	group.Go(func() (err error) {
		running := equals(job.AppAttribute.GetName(), appID) + " AND " + runningJobs
		if found.Jobs.Running, err = s.count(ctx, running); err == nil {
			found.Jobs.Stuck, err = s.count(ctx, running+isStuck)
		}

		return err
	})

	err := group.Wait()

	if found.Temporal.Reachable = err == nil; err != nil {
		found.Temporal.Message = s.temporalError(ctx, err).Message

		return found, nil
	}

	found.Queue.Workflows, found.Queue.Activities = loadOf(workflows), loadOf(steps)
	found.Workers = workersOf(workflows, steps, reports, now)

	return found, nil
}

// describeTemporal reads the version of Temporal and the retention.
func (s *Service) describeTemporal(ctx context.Context, into *Temporal) error {
	service := s.options.Temporal.WorkflowService()

	server, err := service.GetSystemInfo(ctx, &workflowservice.GetSystemInfoRequest{})
	if err != nil {
		return err
	}

	namespace, err := service.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: s.options.Namespace})
	if err != nil {
		return err
	}

	into.Version = server.GetServerVersion()
	into.Retention = namespace.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration().String()

	return nil
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

// maxWorkerReports is the number of workers whose reports are read, and parallelReports how many at a time.
const (
	maxWorkerReports = 100
	parallelReports  = 8
)

// workerReports returns the reports that running workers have sent. Older servers have none.
func (s *Service) workerReports(ctx context.Context) []*workerpb.WorkerHeartbeat {
	listed, err := s.options.Temporal.WorkflowService().ListWorkers(ctx, &workflowservice.ListWorkersRequest{
		Namespace: s.options.Namespace, PageSize: maxWorkerReports,
		Query: equals("TaskQueue", job.TaskQueue) + " AND " + equals("Status", "Running"),
	})
	if err != nil {
		s.options.Log.DebugContext(ctx, "can't list the reports of workers", "error", err)
	}

	workers := listed.GetWorkers()
	reports := make([]*workerpb.WorkerHeartbeat, min(len(workers), maxWorkerReports))

	var group errgroup.Group
	group.SetLimit(parallelReports)

	for i := range reports {
		group.Go(func() error {
			described, err := s.options.Temporal.WorkflowService().DescribeWorker(ctx, &workflowservice.DescribeWorkerRequest{
				Namespace: s.options.Namespace, WorkerInstanceKey: workers[i].GetWorkerInstanceKey(),
			})
			if err == nil { // Otherwise, it has ended meanwhile.
				reports[i] = described.GetWorkerInfo().GetWorkerHeartbeat()
			}

			return nil
		})
	}

	_ = group.Wait() // No function returns an error.

	return reports
}

func loadOf(described *workflowservice.DescribeTaskQueueResponse) QueueLoad {
	stats := described.GetStats()

	return QueueLoad{
		Backlog: stats.GetApproximateBacklogCount(), BacklogMs: stats.GetApproximateBacklogAge().AsDuration().Milliseconds(),
	}
}

// workersOf returns the workers that poll for tasks of either type, with their reports.
func workersOf(
	workflows, activities *workflowservice.DescribeTaskQueueResponse, reports []*workerpb.WorkerHeartbeat, now time.Time,
) []Worker {
	byName := map[string]*Worker{}

	add := func(poller *taskqueuepb.PollerInfo) *Worker {
		seen := poller.GetLastAccessTime().AsTime()
		if now.Sub(seen) > pollerAge {
			return &Worker{} // It has ended.
		}

		worker := byName[poller.GetIdentity()]
		if worker == nil {
			worker = &Worker{Name: poller.GetIdentity(), Build: poller.GetDeploymentOptions().GetBuildId()}
			byName[worker.Name] = worker
		}

		if seen.After(worker.SeenAt) {
			worker.SeenAt = seen
		}

		return worker
	}

	for _, poller := range workflows.GetPollers() {
		add(poller).Workflows = true
	}

	for _, poller := range activities.GetPollers() {
		add(poller).Activities = true
	}

	for _, report := range reports {
		if worker := byName[report.GetWorkerIdentity()]; worker != nil && report != nil {
			addReport(worker, report)
		}
	}

	return slices.SortedFunc(func(yield func(Worker) bool) {
		for worker := range maps.Values(byName) {
			if !yield(*worker) {
				return
			}
		}
	}, func(a, b Worker) int { return cmp.Compare(a.Name, b.Name) })
}

// addReport adds a report to a worker, unless the worker has a later one: of a process that was restarted with the same identity.
func addReport(worker *Worker, report *workerpb.WorkerHeartbeat) {
	at := report.GetHeartbeatTime().AsTime()
	if worker.Slots != nil && worker.Slots.ReportedAt.After(at) {
		return
	}

	worker.Slots = &WorkerSlots{
		ReportedAt: at, Host: report.GetHostInfo().GetHostName(), SDK: report.GetSdkVersion(),
		Workflows: slotsOf(report.GetWorkflowTaskSlotsInfo()), Activities: slotsOf(report.GetActivityTaskSlotsInfo()),
		LocalActivities: slotsOf(report.GetLocalActivitySlotsInfo()),
	}

	if started := report.GetStartTime(); started != nil {
		worker.Slots.StartedAt = new(started.AsTime())
	}
}

func slotsOf(reported *workerpb.WorkerSlotsInfo) Slots {
	return Slots{
		Used: reported.GetCurrentUsedSlots(), Free: reported.GetCurrentAvailableSlots(), Done: reported.GetTotalProcessedTasks(),
		Failed: reported.GetTotalFailedTasks(),
	}
}

// percent returns a share as a percentage with one decimal.
func percent(share float32) float64 { return math.Round(float64(share)*1000) / 10 }
