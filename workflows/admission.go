package workflows

import (
	"context"
	"time"

	"go.temporal.io/sdk/workflow"
)

// Bounds of the work that a run does before it gives control back to Temporal, which expects it within seconds, and before
// it continues as new, so that a worker replays it quickly. The places where a job does either are part of its history:
// running jobs depend on these numbers.
const (
	maxTaskWork = 2_000
	maxRunWork  = 100_000
)

// admit decides, between two steps, whether the next step begins. It returns errContinueAsNew if the job continues in the
// next run instead, and the cancellation of ctx.
func (m *machine) admit(ctx workflow.Context) error {
	err := m.restWhilePaused(ctx)
	if err == nil {
		err = ctx.Err()
	}

	if err != nil {
		m.Recording.stops(err)

		return err
	}

	m.work++

	if m.isContinuing(ctx) || (m.begun && m.mustContinueAsNew(ctx)) {
		m.continuing = true

		return errContinueAsNew
	}

	m.begun = true

	if m.work-m.workAtYield > maxTaskWork {
		m.workAtYield = m.work

		return yieldToTemporal(ctx)
	}

	return nil
}

// isContinuing reports whether this run ends before the next step, or within a wait.
func (m *machine) isContinuing(ctx workflow.Context) bool {
	m.continuing = m.continuing || m.mustMove(ctx)

	return m.continuing
}

// mustContinueAsNew reports whether this run has done enough work.
func (m *machine) mustContinueAsNew(ctx workflow.Context) bool {
	info := workflow.GetInfo(ctx)

	return info.GetContinueAsNewSuggested() || m.work > maxRunWork ||
		(m.MaxHistory > 0 && info.GetCurrentHistoryLength() >= m.MaxHistory)
}

// yieldToTemporal gives control back to the SDK by way of a local activity that does nothing. It costs no round trip, and if
// the workflow task is about to time out, the SDK requests another one meanwhile.
func yieldToTemporal(ctx workflow.Context) error {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{ScheduleToCloseTimeout: time.Minute})

	if err := workflow.ExecuteLocalActivity(ctx, yield).Get(ctx, nil); isCancelled(err) {
		return err
	}

	return nil // A timeout of an activity that does nothing does not matter.
}

// yield is the local activity of yieldToTemporal. Histories contain its name.
func yield(context.Context) error { return nil }

// beforeBlocking records that the run gives control back to Temporal now, and updates the details that operators see
// meanwhile. From now on the job may be cancelled.
func (m *machine) beforeBlocking(ctx workflow.Context) {
	m.workAtYield = m.work
	m.showDetails(ctx, nil)

	if m.startAwaitingStop != nil {
		m.startAwaitingStop()
		m.startAwaitingStop = nil
	}
}
