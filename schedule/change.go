package schedule

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	schedulepb "go.temporal.io/api/schedule/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/clock"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
)

// Paused is the state of a schedule after it was paused or resumed.
type Paused struct {
	Schedule string `json:"schedule" description:"The name of the schedule."`
	Paused   bool   `json:"paused"   description:"Whether it is paused now."`
	Note     string `json:"note"     description:"Who has paused or resumed it, and why."`
}

// Pause pauses the schedule: it does not fire until it is resumed. Running jobs continue.
func (s *Service) Pause(ctx context.Context, caller jobservice.Caller, name, note string) (*Paused, error) {
	return s.setPaused(ctx, caller, name, true, note)
}

// Resume resumes the schedule. It does not make up for the times at which the schedule was paused.
func (s *Service) Resume(ctx context.Context, caller jobservice.Caller, name, note string) (*Paused, error) {
	return s.setPaused(ctx, caller, name, false, note)
}

// nameOf returns the name of a caller, for people.
func nameOf(caller jobservice.Caller) string {
	if caller.Access.Name == job.AnyAccess {
		return "the key of this machine"
	}

	return caller.Access.Name
}

func (s *Service) setPaused(
	ctx context.Context, caller jobservice.Caller, name string, paused bool, reason string,
) (_ *Paused, err error) {
	ctx, end := s.begin(ctx, &err)
	defer end()

	of, note := caller.App, " by "+nameOf(caller)
	if reason != "" {
		note += ": " + reason
	}

	patch := &schedulepb.SchedulePatch{}
	if paused {
		note = "paused" + note
		patch.Pause = note
	} else {
		note = "resumed" + note
		patch.Unpause = note
	}

	current, err := s.existing(ctx, of, name)
	if err != nil {
		return nil, err
	}

	if current.GetSchedule().GetState().GetPaused() == paused { // It keeps the note of the one who did it first.
		return &Paused{Schedule: name, Paused: paused, Note: current.GetSchedule().GetState().GetNotes()}, nil
	}

	return &Paused{Schedule: name, Paused: paused, Note: note}, s.change(ctx, of, name, change{
		patch: func(job.ScheduleAction) *schedulepb.SchedulePatch { return patch },
	})
}

// existing returns a schedule that the app defines and Temporal has.
func (s *Service) existing(ctx context.Context, of *app.App, name string) (*described, error) {
	if _, err := find(of, name); err != nil {
		return nil, err
	}

	current, err := s.describe(ctx, of.ID, name)
	if err != nil {
		return nil, err
	}

	if current == nil {
		return nil, jobservice.NewError(CodeScheduleNotFound,
			"no API server has created the schedule %s in Temporal yet; repeat the call", name).RepeatAfter(reconcileInterval)
	}

	return current, nil
}

// Temporal accepts changes of a schedule and makes them later; of two that arrive meanwhile, it makes the last one and loses the
// other. So servers take turns. A turn that a crash has interrupted ends after its length.
const (
	turnLength   = 10 * time.Second
	patchTimeout = turnLength / 2 // The clocks of two servers may differ by the rest.
)

// change is a change of a schedule.
type change struct {
	// remember, if not nil, changes what the schedule remembers. It may be called several times.
	remember func(*described, *job.ScheduleAction) error

	// patch returns the request, given what the schedule then remembers.
	patch func(job.ScheduleAction) *schedulepb.SchedulePatch
}

// change makes a change of a schedule in a turn of its own. When it returns, Temporal has made the change.
func (s *Service) change(ctx context.Context, of *app.App, name string, change change) error {
	id := uuid.NewString()
	isOurs := func(action job.ScheduleAction) bool { return action.Change != nil && action.Change.ID == id }

	began, err := s.record(ctx, of, name, isOurs, func(now *described, action *job.ScheduleAction) error {
		if action.Change != nil && time.Now().Before(action.Change.Until) {
			return errNotYet
		}

		action.Change = &job.ScheduleChange{ID: id, Until: time.Now().Add(turnLength)}
		if change.remember == nil {
			return nil
		}

		return change.remember(now, action)
	})
	if err != nil {
		return err
	}

	patching, cancel := context.WithTimeout(ctx, patchTimeout)
	defer cancel()

	_, patchError := s.service().PatchSchedule(patching, &workflowservice.PatchScheduleRequest{
		Namespace: s.options().Namespace, ScheduleId: job.ScheduleID(of.ID, name), Patch: change.patch(*began),
		RequestId: uuid.NewString(),
	})

	// Temporal makes the patch before changes that arrive later, such as the end of the turn.
	_, err = s.record(ctx, of, name, func(action job.ScheduleAction) bool { return !isOurs(action) },
		func(_ *described, action *job.ScheduleAction) error {
			action.Change = nil

			return nil
		})

	return cmp.Or(patchError, err)
}

// errNotYet says that a schedule can't be changed now.
var errNotYet = errors.New("another server changes the schedule")

// record changes what a schedule remembers, and returns what it remembers when Temporal has stored it. Other servers may change
// the schedule meanwhile; then change is called again, with the schedule as it is then, as it is after errNotYet.
func (s *Service) record(
	ctx context.Context, of *app.App, name string, isRecorded func(job.ScheduleAction) bool,
	change func(*described, *job.ScheduleAction) error,
) (*job.ScheduleAction, error) {
	for {
		now, err := s.existing(ctx, of, name)
		if err != nil {
			return nil, err
		}

		if isRecorded(now.action) {
			return &now.action, nil
		}

		action := now.action
		schedule := proto.CloneOf(now.GetSchedule())

		err = change(now, &action)
		if err == nil {
			schedule.Action, err = s.action(action)
		}

		if err == nil {
			err = s.update(ctx, job.ScheduleID(of.ID, name), now, schedule)
		}

		if err != nil && !errors.Is(err, errNotYet) && !isBusy(err) {
			return nil, err
		}

		if err := clock.Sleep(ctx, conflictPause); err != nil {
			return nil, jobservice.NewError(jobservice.CodeTooManyRequests,
				"other calls change the schedule %s at the moment; repeat the call", name).RepeatAfter(reconcileInterval)
		}
	}
}

// RunNow is the firing that [Service.Run] has requested.
type RunNow struct {
	Schedule    string    `json:"schedule"    description:"The name of the schedule."`
	ScheduledAt time.Time `json:"scheduledAt" description:"The time for which it fires."`
	JobID       string    `json:"jobId"       description:"The job that the schedule starts, unless its condition is false."`
}

// Run lets the schedule fire now, also if it is paused. The error is [CodeScheduleBusy] if a job of the schedule runs and its
// policy skips firings meanwhile.
func (s *Service) Run(ctx context.Context, caller jobservice.Caller, name string) (_ *RunNow, err error) {
	ctx, end := s.begin(ctx, &err)
	defer end()

	of := caller.App

	current, err := s.existing(ctx, of, name)
	if err != nil {
		return nil, err
	}

	schedule, err := find(of, name)
	if err != nil {
		return nil, err
	}

	if len(current.GetInfo().GetRunningWorkflows()) > 0 && schedule.Overlap == app.OverlapSkip {
		return nil, jobservice.NewError(CodeScheduleBusy, "a job of the schedule %s runs, and its overlap policy is skip; "+
			"wait for the end of the job, or stop it", name)
	}

	var at time.Time

	err = s.change(ctx, of, name, change{
		remember: func(current *described, action *job.ScheduleAction) error {
			free, ok := freeTime(schedule, current, time.Now())
			if !ok {
				return jobservice.NewError(CodeScheduleBusy, "every second near now belongs to another firing of the "+
					"schedule %s; start the scenario with executeJob", schedule.Name)
			}

			action.LastTrigger = free

			return nil
		},
		patch: func(action job.ScheduleAction) *schedulepb.SchedulePatch {
			at = action.LastTrigger

			return &schedulepb.SchedulePatch{
				TriggerImmediately: &schedulepb.TriggerImmediatelyRequest{ScheduledTime: timestamppb.New(at)},
			}
		},
	})
	if err != nil {
		return nil, err
	}

	return &RunNow{Schedule: name, ScheduledAt: at, JobID: job.FiringJobID(of.ID, name, at, 1)}, nil
}

// freeTime returns a time at or soon after now for which the schedule has not fired, and does not fire by itself. A schedule that
// fires every second has none, unless it is paused now.
func freeTime(schedule app.Schedule, current *described, now time.Time) (at time.Time, ok bool) {
	const tries = 30

	at = now.UTC().Truncate(time.Second)

	if next := current.action.LastTrigger.Add(time.Second); next.After(at) {
		at = next
	}

	isPaused := current.GetSchedule().GetState().GetPaused()

	for range tries {
		hasFired := slices.ContainsFunc(current.GetInfo().GetRecentActions(), func(action *schedulepb.ScheduleActionResult) bool {
			return action.GetScheduleTime().AsTime().Equal(at)
		})
		if !hasFired && (isPaused && !at.After(now) || !schedule.Fires(at) && !schedule.Misfires(at)) {
			return at, true
		}

		at = at.Add(time.Second)
	}

	return time.Time{}, false
}

// Backfill asks to make up for the times of a range.
type Backfill struct {
	From    time.Time
	To      time.Time
	Overlap app.Overlap // Empty for [app.OverlapBufferAll].

	// RepeatCompleted also runs the jobs again that have completed.
	RepeatCompleted bool
}

// Backfilled is what a [Backfill] has requested.
type Backfilled struct {
	Schedule string    `json:"schedule" description:"The name of the schedule."`
	From     time.Time `json:"from"     description:"The begin of the range."`
	To       time.Time `json:"to"       description:"The end of the range."`
	Firings  int       `json:"firings"  description:"The number of times in the range. Those whose job has completed are skipped, unless repeatCompleted is true."`
}

// maxBackfill is the maximum number of times of a backfill. Temporal stores as many waiting firings.
const maxBackfill = 900

// Backfill lets the schedule fire for the times of a range, in their order, also if it is paused. A time whose job has
// completed, as far as Temporal still knows the job, is skipped unless the request says otherwise; a time whose job has failed
// is tried again.
func (s *Service) Backfill(
	ctx context.Context, caller jobservice.Caller, name string, request Backfill,
) (_ *Backfilled, err error) {
	ctx, end := s.begin(ctx, &err)
	defer end()

	of := caller.App

	if request.Overlap == "" {
		request.Overlap = app.OverlapBufferAll
	}

	policy, isKnown := policies[request.Overlap]

	switch {
	case request.To.Before(request.From):
		return nil, jobservice.Invalid("to is before from")
	case request.To.After(time.Now()):
		return nil, jobservice.Invalid("to is in the future")
	case !isKnown:
		return nil, jobservice.Invalid("there is no overlap policy %q; there are %s", request.Overlap, fmt.Sprint(app.Overlaps()))
	}

	if _, err := s.existing(ctx, of, name); err != nil {
		return nil, err
	}

	count, err := s.countTimes(ctx, of, name, request)
	if err != nil {
		return nil, err
	}

	err = s.change(ctx, of, name, change{
		remember: func(_ *described, action *job.ScheduleAction) error {
			if request.RepeatCompleted && count > 0 {
				action.Repeat = append(action.Repeat, job.Repetition{From: request.From, To: request.To, Before: time.Now()})
				action.Repeat = action.Repeat[max(0, len(action.Repeat)-maxRepetitions):]
			}

			return nil
		},
		patch: func(job.ScheduleAction) *schedulepb.SchedulePatch {
			return &schedulepb.SchedulePatch{BackfillRequest: []*schedulepb.BackfillRequest{{
				StartTime: timestamppb.New(request.From), EndTime: timestamppb.New(request.To), OverlapPolicy: policy,
			}}}
		},
	})

	return &Backfilled{Schedule: name, From: request.From, To: request.To, Firings: count}, err
}

// countTimes returns the number of times in the range of a backfill.
func (s *Service) countTimes(ctx context.Context, of *app.App, name string, request Backfill) (int, error) {
	schedule, err := find(of, name)
	if err != nil {
		return 0, err
	}

	times, err := s.service().ListScheduleMatchingTimes(ctx, &workflowservice.ListScheduleMatchingTimesRequest{
		Namespace: s.options().Namespace, ScheduleId: job.ScheduleID(of.ID, name),
		StartTime: timestamppb.New(request.From.Add(-time.Millisecond)), EndTime: timestamppb.New(request.To),
	})
	if err != nil {
		return 0, err
	}

	if len(times.GetStartTime()) > maxBackfill {
		return 0, jobservice.Invalid("the schedule fires more than %d times in this range; backfill a shorter one", maxBackfill)
	}

	count := 0

	for _, at := range times.GetStartTime() {
		if !schedule.Misfires(at.AsTime()) {
			count++
		}
	}

	return count, nil
}

// maxRepetitions is the number of repetitions that a schedule remembers. A firing that waits longer does not repeat its job.
const maxRepetitions = 20
