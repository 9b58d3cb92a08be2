package jobservice

import (
	"context"
	"math"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/sync/errgroup"

	"github.com/jobwright/jobwright/app"
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

	Queues     []Queue  `json:"queues" description:"The task queues of all apps: first those of jobs and of bulk steps, then the others that the app names or that workers poll, in the order of their names."`
	MoreQueues int      `json:"moreQueues,omitempty" description:"How many further task queues are not listed, if there are more than 50."`
	Workers    []Worker `json:"workers" description:"The workers that have asked for work within the last minute or so, in the order of their names."`

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

// Worker is a worker that polls.
type Worker struct {
	Name       string    `json:"name" description:"The identity that Temporal UI shows: usually the process and the host."`
	Build      string    `json:"build,omitempty" description:"The build of the worker."`
	Workflows  bool      `json:"workflows" description:"Whether it decides what jobs do next."`
	Activities bool      `json:"activities" description:"Whether it runs steps."`
	TaskQueues []string  `json:"taskQueues" description:"The listed task queues that it polls, in their order."`
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
	Activities      Slots      `json:"activities" description:"The slots for steps in activities, of all task queues."`
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
		return s.system(ctx, caller.App, now)
	})
}

func (s *Service) system(ctx context.Context, of *app.App, now time.Time) (*System, error) {
	named, err := of.TaskQueues()
	if err != nil {
		return nil, err
	}

	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()

	build := version.Get()
	found := &System{
		AsOf: now.UTC(), Workers: []Worker{}, Queues: []Queue{},
		Server: Build{
			Version: build.Version, Commit: build.Commit, Modified: build.Modified, Date: build.Date, Go: build.Go,
			Platform: build.Platform, TemporalSDK: build.TemporalSDK,
		},
		Temporal: Temporal{
			Address: s.options.TemporalAddress, Namespace: s.options.Namespace, UI: s.options.TemporalUI,
		},
	}

	var group errgroup.Group

	group.Go(func() error { return s.describeTemporal(ctx, &found.Temporal) })
	group.Go(func() error { return s.describeQueues(ctx, named, found) })
	group.Go(func() (err error) {
		running := equals(job.AppAttribute.GetName(), of.ID) + " AND " + runningJobs
		if found.Jobs.Running, err = s.count(ctx, running); err == nil {
			found.Jobs.Stuck, err = s.count(ctx, running+isStuck)
		}

		return err
	})

	err = group.Wait()

	if found.Temporal.Reachable = err == nil; err != nil {
		found.Temporal.Message = s.temporalError(ctx, err).Message
	}

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

// percent returns a share as a percentage with one decimal.
func percent(share float32) float64 { return math.Round(float64(share)*1000) / 10 }
