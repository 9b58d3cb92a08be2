package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// moveAfter is the age from which a run of a job need not end on the version of the workers on which it began. Shorter ones do,
// so that a rollout changes nothing for most jobs.
const moveAfter = 10 * time.Minute

// mustMove reports whether the job continues as new because workers of another version now run new jobs. Temporal says so with
// each task of a pinned workflow; it never does if workers are not versioned.
//
// A job with concurrent steps does not move: the others would wait until the longest one has ended.
func (m *machine) mustMove(ctx workflow.Context) bool {
	info := workflow.GetInfo(ctx)

	return info.GetTargetWorkerDeploymentVersionChanged() && m.slots == 0 &&
		(m.mayMove(ctx) || workflow.Now(ctx).Sub(info.WorkflowStartTime) >= moveAfter)
}

// mayMove reports whether an operator has sent [job.MoveSignal]. Any signal also makes Temporal report whether the version has
// changed.
func (m *machine) mayMove(ctx workflow.Context) bool {
	m.isAskedToMove = m.isAskedToMove || workflow.GetSignalChannel(ctx, job.MoveSignal).ReceiveAsync(nil)

	return m.isAskedToMove
}
