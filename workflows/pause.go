package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// acceptPauses sets the handler of pauses.
func (m *machine) acceptPauses(ctx workflow.Context) error {
	handle := func(ctx workflow.Context, change job.PauseChange) (*job.Pause, error) {
		// Updates lengthen a history too, even if no step begins between them.
		m.continuing = m.continuing || (m.begun && m.mustContinueAsNew(ctx))
		m.checkpoint.Paused = nil

		if change.Paused {
			m.checkpoint.Paused = &job.Pause{Since: workflow.Now(ctx), By: change.By}
		}

		m.showDetails(ctx, nil)

		return m.checkpoint.Paused, nil
	}

	// A change that has no effect does not become part of the history.
	validate := func(change job.PauseChange) error {
		switch paused := m.paused(); {
		case m.isStopping():
			return rejected(job.PauseOfStopping, "the job is being stopped")
		case (paused != nil) == change.Paused:
			return temporal.NewNonRetryableApplicationError("nothing to change", job.PauseUnchanged, nil, paused)
		}

		return nil
	}

	return workflow.SetUpdateHandlerWithOptions(ctx, job.PauseUpdate, handle, workflow.UpdateHandlerOptions{
		Validator:   validate,
		Description: "Pauses the job between two steps, or resumes it.",
	})
}

// paused returns the pause of the job, or nil. A job that is being stopped is not paused: its finally steps run.
func (m *machine) paused() *job.Pause {
	if m.isStopping() {
		return nil
	}

	return m.checkpoint.Paused
}

// restWhilePaused waits until the job is resumed or stopped, or continues as new.
func (m *machine) restWhilePaused(ctx workflow.Context) error {
	if m.paused() == nil {
		return nil
	}

	m.continuing = m.continuing || (m.begun && m.mustContinueAsNew(ctx))
	m.beforeBlocking(ctx)

	return workflow.Await(ctx, func() bool { return m.isContinuing(ctx) || m.paused() == nil })
}
