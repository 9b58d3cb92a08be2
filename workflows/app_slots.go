package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// SlotsState is the state of an app's slots, which a run of [AppSlots] passes to the next one.
type SlotsState struct {
	Limit   int      `json:"limit"`             // The number of slots; 0 for any number.
	Running []string `json:"running,omitempty"` // The jobIds of the jobs that have a slot.
	Waiting []string `json:"waiting,omitempty"` // The jobIds of those that wait, in the order of their requests.
}

const (
	// A job that was terminated does not release its slot. While jobs want slots and none is free, the workflow checks
	// periodically whether the holders still run.
	slotCheckInterval = 15 * time.Second

	maxSlotCheck = 200 // The jobs of one check; the next one checks others.

	// A slot that was requested for a job that is about to start. Its request is repeated for up to 30 seconds.
	slotCheckTimeout = time.Minute
)

// AppSlots is the workflow that admits the jobs of an app, at most as many at the same time as the app's limit. It never
// completes. A job requests a slot by [job.AcquireUpdate] and returns it by [job.ReleaseSignal].
//
// The slots can't leak: a job that ended without returning its slot is found by asking Temporal, and a job that waits repeats its
// request, so that it is not forgotten if an operator terminates this workflow.
func AppSlots(ctx workflow.Context, state SlotsState) error {
	s := &appSlots{state: state}

	err := workflow.SetUpdateHandlerWithOptions(ctx, job.AcquireUpdate, s.acquire, workflow.UpdateHandlerOptions{
		Description: "Requests a slot for a job.",
	})
	if err != nil {
		return err
	}

	released := workflow.GetSignalChannel(ctx, job.ReleaseSignal)

	for !s.isLong(ctx) {
		var jobID string

		for released.ReceiveAsync(&jobID) {
			s.release(jobID)
		}

		s.grant(ctx)

		// The timer of the check bounds the wait only while a job wants a slot.
		isWoken := func() bool { return released.Len() > 0 || s.canGrant() || s.isLong(ctx) }

		switch {
		case !s.isWanted():
			err = workflow.Await(ctx, func() bool { return isWoken() || s.isWanted() })
		default:
			var ok bool
			if ok, err = workflow.AwaitWithTimeout(ctx, slotCheckInterval, isWoken); err == nil && !ok {
				s.check(ctx)
			}
		}

		if err != nil {
			return err
		}
	}

	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) && s.granting == 0 }); err != nil {
		return err
	}

	var jobID string
	for released.ReceiveAsync(&jobID) {
		s.release(jobID)
	}

	return workflow.NewContinueAsNewError(ctx, job.SlotsWorkflow, s.state)
}

// appSlots is the state of a run.
type appSlots struct {
	state    SlotsState
	updates  int  // Updates of this run.
	refused  bool // Whether a job was refused since the last check.
	granting int  // Signals on their way to jobs.
	checked  int  // How many jobs were checked so far, to check others next.
}

// isLong reports whether the next run should continue.
func (s *appSlots) isLong(ctx workflow.Context) bool {
	return s.updates >= maxUpdates || workflow.GetInfo(ctx).GetContinueAsNewSuggested()
}

// isFull reports whether no slot is free.
func (s *appSlots) isFull() bool { return s.state.Limit > 0 && len(s.state.Running) >= s.state.Limit }

// canGrant reports whether a job that waits can get a slot.
func (s *appSlots) canGrant() bool { return len(s.state.Waiting) > 0 && !s.isFull() }

// isWanted reports whether a job wants a slot and none is free.
func (s *appSlots) isWanted() bool { return s.isFull() && (s.refused || len(s.state.Waiting) > 0) }

// acquire handles the request for a slot.
func (s *appSlots) acquire(_ workflow.Context, request job.SlotRequest) (job.SlotAnswer, error) {
	s.updates++
	s.state.Limit = request.Limit

	switch {
	case slices.Contains(s.state.Running, request.JobID):
		return job.SlotAnswer{Granted: true}, nil
	case slices.Contains(s.state.Waiting, request.JobID):
		return job.SlotAnswer{}, nil
	case !s.isFull() && len(s.state.Waiting) == 0:
		s.state.Running = append(s.state.Running, request.JobID)

		return job.SlotAnswer{Granted: true}, nil
	case request.Queue:
		s.state.Waiting = append(s.state.Waiting, request.JobID)
	default:
		s.refused = true
	}

	return job.SlotAnswer{}, nil
}

// release frees the slot of a job, or its place among those that wait.
func (s *appSlots) release(jobID string) {
	isJob := func(id string) bool { return id == jobID }
	s.state.Running = slices.DeleteFunc(s.state.Running, isJob)
	s.state.Waiting = slices.DeleteFunc(s.state.Waiting, isJob)
}

// grant gives free slots to the jobs that wait.
func (s *appSlots) grant(ctx workflow.Context) {
	for s.canGrant() {
		jobID := s.state.Waiting[0]
		s.state.Waiting = s.state.Waiting[1:]
		s.state.Running = append(s.state.Running, jobID)
		s.granting++

		workflow.Go(ctx, func(ctx workflow.Context) {
			// The job may have ended while it waited.
			if workflow.SignalExternalWorkflow(ctx, jobID, "", job.GrantedSignal, nil).Get(ctx, nil) != nil {
				s.release(jobID)
			}

			s.granting--
		})
	}
}

// check frees the slots of jobs that have ended without returning them.
func (s *appSlots) check(ctx workflow.Context) {
	s.refused = false

	if count := len(s.state.Running); count > maxSlotCheck {
		next := s.checked % count
		s.state.Running = append(slices.Clone(s.state.Running[next:]), s.state.Running[:next]...)
	}

	holders := slices.Clone(s.state.Running[:min(len(s.state.Running), maxSlotCheck)])
	s.checked += len(holders)

	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ScheduleToCloseTimeout: slotCheckTimeout, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
	})

	var ended []string
	if workflow.ExecuteActivity(ctx, job.EndedJobsActivity, holders).Get(ctx, &ended) != nil {
		return // The next check repeats it.
	}

	for _, jobID := range ended {
		s.release(jobID)
	}
}
