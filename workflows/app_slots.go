package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// SlotsState is the state of the slots of an app or of a source, which a run of [AppSlots] passes to the next one.
type SlotsState struct {
	Limit     int              `json:"limit"`               // The number of slots; 0 for any number.
	PerSecond float64          `json:"perSecond,omitempty"` // How many slots are granted in a second; 0 for any number.
	NextAt    time.Time        `json:"nextAt,omitzero"`     // Before that moment, PerSecond permits no further slot.
	Running   []job.SlotHolder `json:"running,omitempty"`   // Those that have a slot, if their number is limited.
	Waiting   []job.SlotHolder `json:"waiting,omitempty"`   // Those that wait, in the order of their requests.
}

const (
	// A job that was terminated does not release its slots. While a slot is wanted and none is free, the workflow checks
	// periodically whether the jobs of the holders still run.
	slotCheckInterval = 15 * time.Second

	maxSlotCheck = 200 // The jobs of one check; the next one checks others.

	// A slot that was requested for a job that is about to start. Its request is repeated for up to 30 seconds.
	slotCheckTimeout = time.Minute

	// The state has to fit into the input of the next run. Who does not find a place among those that wait asks again later.
	maxSlotWaiting = 8_000
)

// AppSlots is the workflow that admits the jobs of an app, or the steps on a source of an app, at most as many at the same time
// and in a second as the app permits. It never completes. A holder requests a slot by [job.AcquireUpdate] and returns it by
// [job.ReleaseSignal].
//
// The slots can't leak: a job that ended without returning its slots is found by asking Temporal, and a holder that waits repeats
// its request, so that it is not forgotten if an operator terminates this workflow. A step has its slot for all of its attempts:
// the death of a worker neither frees it nor occupies it for longer than the step takes.
func AppSlots(ctx workflow.Context, state SlotsState) error {
	s := &appSlots{state: state}

	err := workflow.SetUpdateHandlerWithOptions(ctx, job.AcquireUpdate, s.acquire, workflow.UpdateHandlerOptions{
		Description: "Requests a slot.",
	})
	if err != nil {
		return err
	}

	released := workflow.GetSignalChannel(ctx, job.ReleaseSignal)

	for !s.isLong(ctx) {
		s.releaseAll(released)
		s.grant(ctx)

		isWoken := func() bool { return released.Len() > 0 || s.canGrant(ctx) || s.isLong(ctx) }

		// A timer bounds the wait only while a slot is wanted.
		switch {
		case s.isWanted():
			var ok bool
			if ok, err = workflow.AwaitWithTimeout(ctx, slotCheckInterval, isWoken); err == nil && !ok {
				s.check(ctx)
			}
		case len(s.state.Waiting) > 0:
			_, err = workflow.AwaitWithTimeout(ctx, s.state.NextAt.Sub(workflow.Now(ctx)), isWoken)
		default:
			err = workflow.Await(ctx, func() bool { return isWoken() || s.isWanted() || len(s.state.Waiting) > 0 })
		}

		if err != nil {
			return err
		}
	}

	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) && s.granting == 0 }); err != nil {
		return err
	}

	s.releaseAll(released)

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

// isEarly reports whether as many slots were granted in the last second as may be.
func (s *appSlots) isEarly(ctx workflow.Context) bool {
	return s.state.PerSecond > 0 && workflow.Now(ctx).Before(s.state.NextAt)
}

// canGrant reports whether the first that waits can get a slot.
func (s *appSlots) canGrant(ctx workflow.Context) bool {
	return len(s.state.Waiting) > 0 && !s.isFull() && !s.isEarly(ctx)
}

// isWanted reports whether a slot is wanted and none is free.
func (s *appSlots) isWanted() bool { return s.isFull() && (s.refused || len(s.state.Waiting) > 0) }

// acquire handles the request for a slot.
func (s *appSlots) acquire(ctx workflow.Context, request job.SlotRequest) (job.SlotAnswer, error) {
	s.updates++
	s.state.Limit, s.state.PerSecond = request.Limit, request.PerSecond

	switch {
	case slices.Contains(s.state.Running, request.SlotHolder):
		return job.SlotAnswer{Granted: true}, nil
	case slices.Contains(s.state.Waiting, request.SlotHolder):
	case !s.isFull() && !s.isEarly(ctx) && len(s.state.Waiting) == 0:
		s.admit(ctx, request.SlotHolder)

		return job.SlotAnswer{Granted: true}, nil
	case !request.Queue:
		s.refused = true
	case len(s.state.Waiting) < maxSlotWaiting:
		s.state.Waiting = append(s.state.Waiting, request.SlotHolder)
	}

	return job.SlotAnswer{Running: len(s.state.Running), Limit: request.Limit, PerSecond: request.PerSecond}, nil
}

// admit gives a slot to a holder.
func (s *appSlots) admit(ctx workflow.Context, holder job.SlotHolder) {
	if s.state.Limit > 0 { // Otherwise, no holder waits for the slot, and a holder that never returns it would stay.
		s.state.Running = append(s.state.Running, holder)
	}

	if s.state.PerSecond <= 0 {
		return
	}

	// A slot that is granted a little late does not delay those after it.
	interval := time.Duration(float64(time.Second) / s.state.PerSecond)

	earliest := workflow.Now(ctx).Add(-interval)
	if s.state.NextAt.Before(earliest) {
		s.state.NextAt = earliest
	}

	s.state.NextAt = s.state.NextAt.Add(interval)
}

// releaseAll frees the slots of all holders that have returned theirs.
func (s *appSlots) releaseAll(released workflow.ReceiveChannel) {
	var holder job.SlotHolder
	for released.ReceiveAsync(&holder) {
		s.release(func(other job.SlotHolder) bool { return other == holder })

		holder = job.SlotHolder{}
	}
}

// release frees the slots of the holders that is selects, and their places among those that wait.
func (s *appSlots) release(is func(job.SlotHolder) bool) {
	s.state.Running = slices.DeleteFunc(s.state.Running, is)
	s.state.Waiting = slices.DeleteFunc(s.state.Waiting, is)
}

// grant gives free slots to those that wait.
func (s *appSlots) grant(ctx workflow.Context) {
	for s.canGrant(ctx) {
		holder := s.state.Waiting[0]
		s.state.Waiting = s.state.Waiting[1:]
		s.admit(ctx, holder)
		s.granting++

		workflow.Go(ctx, func(ctx workflow.Context) {
			// The job may have ended while it waited.
			if workflow.SignalExternalWorkflow(ctx, holder.JobID, "", holder.GrantedSignal(), nil).Get(ctx, nil) != nil {
				s.release(func(other job.SlotHolder) bool { return other == holder })
			}

			s.granting--
		})
	}
}

// check frees the slots of jobs that have ended without returning them.
func (s *appSlots) check(ctx workflow.Context) {
	s.refused = false

	holders := s.jobsToCheck()

	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ScheduleToCloseTimeout: slotCheckTimeout, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
	})

	var ended []string
	if workflow.ExecuteActivity(ctx, job.EndedJobsActivity, holders).Get(ctx, &ended) != nil {
		return // The next check repeats it.
	}

	s.release(func(holder job.SlotHolder) bool { return slices.Contains(ended, holder.JobID) })
}

// jobsToCheck returns the next of the jobs that have slots.
func (s *appSlots) jobsToCheck() []string {
	var jobs []string

	known := map[string]bool{}
	for _, holder := range s.state.Running {
		if !known[holder.JobID] {
			known[holder.JobID] = true
			jobs = append(jobs, holder.JobID)
		}
	}

	if len(jobs) > maxSlotCheck {
		next := s.checked % len(jobs)
		jobs = slices.Concat(jobs[next:], jobs[:next])[:maxSlotCheck]
	}

	s.checked += len(jobs)

	return jobs
}
