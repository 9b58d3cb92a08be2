// Package rollout rolls out versions of workers. The workers of one build are a version of a Worker Deployment of Temporal's;
// Temporal runs new jobs in the current version, and running jobs in the version in which they began. The package reads the state
// of a deployment, sets its current version, ramps another one up, and waits until a version has drained.
package rollout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/jobwright/jobwright/internal/clock"
	"github.com/jobwright/jobwright/job"
)

// Status is the state of a deployment.
type Status struct {
	Name    string  `json:"name"`
	Current string  `json:"current"`           // The build that runs new jobs; empty if workers that are not versioned do.
	Ramping string  `json:"ramping,omitempty"` // The build that runs a part of the new jobs.
	Percent float32 `json:"percent,omitempty"` // The size of that part.

	// UnversionedWorkers is the number of workers that are not a version of a deployment.
	UnversionedWorkers int `json:"unversionedWorkers"`

	Versions []Version `json:"versions"` // The newest first.
}

// Version is the state of a version.
type Version struct {
	BuildID string    `json:"buildId"`
	State   State     `json:"state"`
	Jobs    int64     `json:"jobs"`    // The running jobs that are pinned to it, with child jobs. Temporal counts with a delay.
	Workers int       `json:"workers"` // The workers that have asked for work within the last minute or so.
	Since   time.Time `json:"since"`   // When the first worker of the version started.
}

// State is what Temporal uses a version for.
type State string

// The states of versions.
const (
	Current  State = "current"  // It runs new jobs.
	Ramping  State = "ramping"  // It runs a part of the new jobs.
	Draining State = "draining" // It runs no new jobs, and Temporal has not seen yet that all its jobs have ended.
	Drained  State = "drained"  // Its workers can be stopped.
	Inactive State = "inactive" // It has never run jobs.
)

// Deployment is a Worker Deployment.
type Deployment struct {
	temporal  client.Client
	namespace string
	name      string
	handle    client.WorkerDeploymentHandle
}

// Open returns the deployment with the name or, if it is empty, the only one of the namespace.
func Open(ctx context.Context, temporal client.Client, namespace, name string) (*Deployment, error) {
	if name == "" {
		var err error
		if name, err = only(ctx, temporal, namespace); err != nil {
			return nil, err
		}
	}

	return &Deployment{
		temporal: temporal, namespace: namespace, name: name, handle: temporal.WorkerDeploymentClient().GetHandle(name),
	}, nil
}

// only returns the name of the only deployment.
func only(ctx context.Context, temporal client.Client, namespace string) (string, error) {
	listed, err := temporal.WorkerDeploymentClient().List(ctx, client.WorkerDeploymentListOptions{})
	if err != nil {
		return "", err
	}

	polling, err := pollers(ctx, temporal, namespace)
	if err != nil {
		return "", err
	}

	var names []string

	for _, poller := range polling { // The list does not contain a new deployment yet.
		if isVersioned(poller) {
			names = append(names, poller.GetDeploymentOptions().GetDeploymentName())
		}
	}

	for listed.HasNext() {
		entry, err := listed.Next()
		if err != nil {
			return "", err
		}

		names = append(names, entry.Name)
	}

	slices.Sort(names)
	names = slices.Compact(names)

	switch len(names) {
	case 1:
		return names[0], nil
	case 0:
		return "", fmt.Errorf("no worker of the namespace %s is versioned; start one with --deployment", namespace)
	}

	return "", fmt.Errorf("the namespace %s has several deployments; name one of them with --deployment: %s",
		namespace, strings.Join(names, ", "))
}

// Status returns the state of the deployment.
func (d *Deployment) Status(ctx context.Context) (*Status, error) {
	described, err := d.handle.Describe(ctx, client.WorkerDeploymentDescribeOptions{})
	if _, unknown := errors.AsType[*serviceerror.NotFound](err); unknown {
		return nil, fmt.Errorf("the namespace %s has no deployment %s; start a worker with --deployment %s",
			d.namespace, d.name, d.name)
	}

	if err != nil {
		return nil, err
	}

	workers, unversioned, err := d.workers(ctx)
	if err != nil {
		return nil, err
	}

	routing := described.Info.RoutingConfig
	found := &Status{
		Name: d.name, Current: buildOf(routing.CurrentVersion), Ramping: buildOf(routing.RampingVersion),
		Percent: routing.RampingVersionPercentage, UnversionedWorkers: unversioned, Versions: []Version{},
	}

	for _, summary := range described.Info.VersionSummaries {
		version := Version{
			BuildID: summary.Version.BuildID, State: found.stateOf(summary), Workers: workers[summary.Version.BuildID],
			Since: summary.CreateTime.UTC(),
		}

		if version.Jobs, err = d.count(ctx, version.BuildID); err != nil {
			return nil, err
		}

		found.Versions = append(found.Versions, version)
	}

	slices.SortStableFunc(found.Versions, func(a, b Version) int { return b.Since.Compare(a.Since) })

	return found, nil
}

// buildOf returns the build of a version; nil stands for workers that are not versioned.
func buildOf(version *worker.WorkerDeploymentVersion) string {
	if version == nil {
		return ""
	}

	return version.BuildID
}

func (s *Status) stateOf(summary client.WorkerDeploymentVersionSummary) State {
	switch build := summary.Version.BuildID; {
	case build == s.Current:
		return Current
	case build == s.Ramping:
		return Ramping
	case summary.DrainageStatus == client.WorkerDeploymentVersionDrainageStatusDraining:
		return Draining
	case summary.DrainageStatus == client.WorkerDeploymentVersionDrainageStatusDrained:
		return Drained
	default:
		return Inactive
	}
}

// Version returns a version of the deployment by its build or the beginning of it.
func (s *Status) Version(build string) (Version, error) {
	var found, all []string

	for _, version := range s.Versions {
		if version.BuildID == build {
			return version, nil
		}

		all = append(all, version.BuildID)

		if strings.HasPrefix(version.BuildID, build) {
			found = append(found, version.BuildID)
		}
	}

	switch len(found) {
	case 1:
		return s.Version(found[0])
	case 0:
		return Version{}, fmt.Errorf("the deployment %s has no build %s, but: %s; a build appears when its first worker starts",
			s.Name, build, strings.Join(all, ", "))
	}

	return Version{}, fmt.Errorf("%s is the beginning of several builds: %s", build, strings.Join(found, ", "))
}

// pollerAge is the maximum age of the last poll of a running worker. A poll takes up to a minute.
const pollerAge = 70 * time.Second

// pollers returns the workers that poll.
func pollers(ctx context.Context, temporal client.Client, namespace string) ([]*taskqueuepb.PollerInfo, error) {
	described, err := temporal.WorkflowService().DescribeTaskQueue(ctx, &workflowservice.DescribeTaskQueueRequest{
		Namespace: namespace, TaskQueue: &taskqueuepb.TaskQueue{Name: job.TaskQueue},
		TaskQueueType: enumspb.TASK_QUEUE_TYPE_WORKFLOW,
	})

	hasEnded := func(poller *taskqueuepb.PollerInfo) bool {
		return time.Since(poller.GetLastAccessTime().AsTime()) > pollerAge
	}

	return slices.DeleteFunc(described.GetPollers(), hasEnded), err
}

func isVersioned(poller *taskqueuepb.PollerInfo) bool {
	return poller.GetDeploymentOptions().GetWorkerVersioningMode() == enumspb.WORKER_VERSIONING_MODE_VERSIONED
}

// workers returns the numbers of the workers of each build, and of those that are not versioned.
func (d *Deployment) workers(ctx context.Context) (versioned map[string]int, unversioned int, err error) {
	polling, err := pollers(ctx, d.temporal, d.namespace)
	versioned = map[string]int{}

	for _, poller := range polling {
		switch options := poller.GetDeploymentOptions(); {
		case !isVersioned(poller):
			unversioned++
		case options.GetDeploymentName() == d.name:
			versioned[options.GetBuildId()]++
		}
	}

	return versioned, unversioned, err
}

// count returns the number of jobs that are pinned to a build.
func (d *Deployment) count(ctx context.Context, build string) (int64, error) {
	counted, err := d.temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: d.namespace, Query: d.jobsOf(build),
	})

	return counted.GetCount(), err
}

// jobsOf returns the query for the running jobs that are pinned to a build.
func (d *Deployment) jobsOf(build string) string {
	quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(d.name + ":" + build)

	return "WorkflowType = '" + job.Workflow + "' AND ExecutionStatus = 'Running'" +
		" AND TemporalWorkflowVersioningBehavior = 'Pinned'" +
		" AND TemporalWorkerDeploymentVersion = '" + quoted + "'"
}

// SetCurrent makes a build run the new jobs; an empty one stands for workers that are not versioned. It ends the ramp of that
// build. The error explains if no worker of the build polls.
func (d *Deployment) SetCurrent(ctx context.Context, build string) error {
	return persistently(ctx, func() error {
		_, err := d.handle.SetCurrentVersion(ctx, client.WorkerDeploymentSetCurrentVersionOptions{BuildID: build})

		return err
	})
}

// patience limits how long a change of the routing is repeated. Temporal updates all task queues within it.
const patience = time.Minute

// persistently repeats a change while Temporal is too busy to complete it in time.
func persistently(ctx context.Context, change func() error) error {
	for deadline := time.Now().Add(patience); ; {
		err := change()

		if !isLate(err) || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
	}
}

// isLate reports whether a request has ended by a deadline.
func isLate(err error) bool {
	_, late := errors.AsType[*serviceerror.DeadlineExceeded](err)

	return late || errors.Is(err, context.DeadlineExceeded)
}

// Ramp makes a build run that part of the new jobs; 0 ends the ramp.
func (d *Deployment) Ramp(ctx context.Context, build string, percent float32) error {
	if percent == 0 {
		build = ""
	}

	return persistently(ctx, func() error {
		_, err := d.handle.SetRampingVersion(ctx, client.WorkerDeploymentSetRampingVersionOptions{
			BuildID: build, Percentage: percent,
		})

		return err
	})
}

// Move asks the running jobs of a build to continue in the current version before their next step, or within a wait. A job whose
// steps run concurrently does so after these.
func (d *Deployment) Move(ctx context.Context, build string) error {
	request := &workflowservice.ListWorkflowExecutionsRequest{Namespace: d.namespace, Query: d.jobsOf(build)}

	for {
		page, err := d.temporal.ListWorkflow(ctx, request)
		if err != nil {
			return err
		}

		for _, run := range page.GetExecutions() {
			execution := run.GetExecution()
			err := d.temporal.SignalWorkflow(ctx, execution.GetWorkflowId(), execution.GetRunId(), job.MoveSignal, nil)

			if _, ended := errors.AsType[*serviceerror.NotFound](err); ended {
				continue
			}

			if err != nil {
				return err
			}
		}

		if request.NextPageToken = page.GetNextPageToken(); len(request.GetNextPageToken()) == 0 {
			return nil
		}
	}
}

// drainInterval is the time between two looks at a version that drains, and moveInterval that between two requests to move: jobs
// of the version can start children later.
const (
	drainInterval = time.Second
	moveInterval  = 5 * time.Minute
)

// Drain waits until a build has drained, or all that drain if build is empty. If move is true, it asks their jobs to move, as
// [Deployment.Move] does. It calls report with the state of each build at first, and whenever the number of its jobs or of its
// workers changes. The error explains if the build is in use. At the deadline of ctx, ctx is done when Drain returns.
func (d *Deployment) Drain(ctx context.Context, build string, move bool, report func(Version)) error {
	err := d.drain(ctx, build, move, report)

	// A request ends by the deadline of its context, but sometimes a moment before the context does.
	if deadline, limited := ctx.Deadline(); limited && isLate(err) && time.Until(deadline) < drainInterval {
		<-ctx.Done()
	}

	return err
}

func (d *Deployment) drain(ctx context.Context, build string, move bool, report func(Version)) error {
	last, asked := map[string]Version{}, map[string]time.Time{}

	for {
		status, err := d.Status(ctx)
		if err != nil {
			return err
		}

		awaited, err := status.draining(build)
		if err != nil {
			return err
		}

		for _, version := range awaited {
			if !move || time.Since(asked[version.BuildID]) < moveInterval {
				continue
			}

			if err := d.Move(ctx, version.BuildID); err != nil {
				return err
			}

			asked[version.BuildID] = time.Now()
		}

		for _, version := range status.Versions {
			_, known := last[version.BuildID]
			if (known || slices.Contains(awaited, version)) && last[version.BuildID] != version {
				report(version)

				last[version.BuildID] = version
			}
		}

		if len(awaited) == 0 {
			return nil
		}

		if clock.Sleep(ctx, drainInterval) != nil {
			return cmp.Or(context.Cause(ctx), ctx.Err())
		}
	}
}

// draining returns the versions that have not drained yet: that of the build, or all if it is empty.
func (s *Status) draining(build string) ([]Version, error) {
	versions := s.Versions

	if build != "" {
		version, err := s.Version(build)
		if err != nil {
			return nil, err
		}

		if version.State == Current || version.State == Ramping {
			return nil, fmt.Errorf("the build %s does not drain, it is %s; set another one current first",
				version.BuildID, version.State)
		}

		versions = []Version{version}
	}

	return slices.DeleteFunc(slices.Clone(versions), func(v Version) bool { return v.State != Draining }), nil
}
