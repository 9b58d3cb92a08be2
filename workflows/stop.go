package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// awaitStop makes the job store in the memo who stops it, as soon as it is cancelled. The coroutine that waits for that starts
// when the job first blocks: no job is cancelled while it runs local activities, and each of them resumes all coroutines.
func (m *machine) awaitStop(ctx workflow.Context) {
	m.startAwaitingStop = func() {
		workflow.Go(ctx, func(ctx workflow.Context) {
			ctx.Done().Receive(ctx, nil)
			m.recordStop(ctx)
		})
	}
}

// recordStop stores in the memo who stops the job, if it was cancelled by a caller. The caller has sent a signal before. A caller
// whose cancellation did not follow, because of a crash, may have sent an earlier one.
func (m *machine) recordStop(ctx workflow.Context) {
	if ctx.Err() == nil {
		return
	}

	by := ""

	signals := workflow.GetSignalChannel(ctx, job.StopSignal)
	for signals.ReceiveAsync(&by) {
	}

	if by == "" {
		return
	}

	m.stoppedBy = by

	if err := workflow.UpsertMemo(ctx, map[string]any{
		job.MemoStoppedBy: by, job.MemoStoppedAt: workflow.Now(ctx).UTC(),
	}); err != nil {
		workflow.GetLogger(ctx).Error("the memo can't have the name of the access that stops the job", "error", err)
	}
}
