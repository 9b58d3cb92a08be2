package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	deploymentpb "go.temporal.io/api/deployment/v1"
	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/jobwright/jobwright/job"
)

// backlog returns how many workflow tasks wait for a version, as KEDA's scaler asks for it; 0 while Temporal does not know it.
func (u *upgrade) backlog(t *testing.T, build string) (waiting int64) {
	t.Helper()

	described, err := u.temporal.WorkflowService().DescribeWorkerDeploymentVersion(t.Context(),
		&workflowservice.DescribeWorkerDeploymentVersionRequest{
			Namespace:            u.namespace(),
			DeploymentVersion:    &deploymentpb.WorkerDeploymentVersion{DeploymentName: deploymentName, BuildId: build},
			ReportTaskQueueStats: true,
		})
	require.NoError(t, err)

	for _, queue := range described.GetVersionTaskQueues() {
		if queue.GetName() == job.TaskQueue && queue.GetType() == enumspb.TASK_QUEUE_TYPE_WORKFLOW {
			waiting += queue.GetStats().GetApproximateBacklogCount()
		}
	}

	return waiting
}

// TestVersionHasABacklogOfItsOwn stops the workers of a version, and counts what waits for it and for another one. The Helm chart
// scales versions by this number.
func TestVersionHasABacklogOfItsOwn(t *testing.T) {
	t.Parallel()

	const first, second, count = "first", "second", 3

	u := newUpgrade(t)
	workers := u.worker(t, "--deployment", deploymentName, "--build-id", first)

	await(t, func() bool {
		status, _ := u.jobwright(t, "deployment", "set-current", first)

		return status == 0
	})
	u.requireValue(t, u.start(t, "Short"), 1)

	jobIDs := u.starts(t, count, "Waiting")
	await(t, func() bool { return u.version(t, first).Jobs == count })

	u.worker(t, "--deployment", deploymentName, "--build-id", second)
	await(t, func() bool {
		status, _ := u.jobwright(t, "deployment", "set-current", second)

		return status == 0
	})

	requireTerminated(t, workers)
	require.Zero(t, u.backlog(t, second))

	// Signals to pinned jobs wait for workers of the first version, and the second one does not count them.
	for _, jobID := range jobIDs {
		require.NoError(t, u.temporal.SignalWorkflow(t.Context(), jobID, "", "unknown", nil))
	}

	await(t, func() bool { return u.backlog(t, first) == count })
	require.Zero(t, u.backlog(t, second))

	// A scaler that names no version counts those of all. Temporal keeps this answer for some seconds.
	await(t, func() bool {
		described, err := u.temporal.WorkflowService().DescribeTaskQueue(t.Context(), &workflowservice.DescribeTaskQueueRequest{
			Namespace: u.namespace(), TaskQueue: &taskqueuepb.TaskQueue{Name: job.TaskQueue, Kind: enumspb.TASK_QUEUE_KIND_NORMAL},
			TaskQueueType: enumspb.TASK_QUEUE_TYPE_WORKFLOW, ReportStats: true,
		})
		require.NoError(t, err)

		return described.GetStats().GetApproximateBacklogCount() == count
	})

	u.worker(t, "--deployment", deploymentName, "--build-id", first)
	u.signals(t, jobIDs)
	u.requireEnds(t, jobIDs, 42, first)
}

// TestWorkersWithoutAVersionRunStepsOfAll runs steps of jobs of two versions in workers of another task queue, which have none.
func TestWorkersWithoutAVersionRunStepsOfAll(t *testing.T) {
	t.Parallel()

	u := newUpgrade(t)
	u.worker(t, "--task-queue", "heavy")

	for _, build := range []string{"first", "second"} {
		u.worker(t, "--deployment", deploymentName, "--build-id", build)
		await(t, func() bool {
			status, _ := u.jobwright(t, "deployment", "set-current", build)

			return status == 0
		})
		await(t, func() bool {
			jobID := u.start(t, "Heavy")
			u.requireValue(t, jobID, 42)

			return u.buildOf(t, jobID) == build
		})
	}
}
