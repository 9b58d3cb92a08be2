package schedule

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	schedulepb "go.temporal.io/api/schedule/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/clock"
	"github.com/jobwright/jobwright/job"
)

// reconcileInterval is the time between two looks at the files of apps. A look at unchanged files costs no request to Temporal.
const reconcileInterval = 3 * time.Second

// Keep keeps the schedules in Temporal equal to those of the app.yaml files, until ctx ends: from the beginning, and after each
// change of a file. Several API servers may do so at once. A server changes the schedules of an app only after it has read
// another app.yaml, so that servers with different files, during a deployment, do not undo the changes of each other.
func (s *Service) Keep(ctx context.Context) {
	kept := map[string]revision{}
	failing := false

	for {
		err := s.reconcile(ctx, kept)

		if err != nil && ctx.Err() == nil && !failing {
			s.options().Log.Warn("schedules can't be reconciled yet", "error", err)
		}

		failing = err != nil

		if clock.Sleep(ctx, reconcileInterval) != nil {
			return
		}
	}
}

// revision identifies what the schedules of an app depend on.
type revision struct {
	app  *app.App
	year int // The corrections of time zones depend on it.
}

// Reconcile makes the schedules in Temporal equal to those of all apps.
func (s *Service) Reconcile(ctx context.Context) error {
	return s.reconcile(ctx, map[string]revision{})
}

// reconcile reconciles the apps whose revision is not a kept one.
func (s *Service) reconcile(ctx context.Context, kept map[string]revision) error {
	ids, err := s.apps.IDs()
	if err != nil {
		return err
	}

	var (
		failed error
		listed map[string][]string
	)

	for _, id := range ids {
		found, err := s.apps.App(id)
		if err != nil {
			continue // The catalog reports it; the schedules remain as they are.
		}

		now := revision{app: found, year: time.Now().Year()}
		if kept[id] == now {
			continue
		}

		if listed == nil {
			if listed, err = s.list(ctx, ids); err != nil {
				return err
			}
		}

		if err := s.reconcileApp(ctx, found, listed[id]); err != nil {
			failed = errors.Join(failed, fmt.Errorf("app %s: %w", id, err))

			continue
		}

		kept[id] = now
	}

	return failed
}

// list returns the names of the schedules that Temporal has, by the IDs of their apps.
func (s *Service) list(ctx context.Context, appIDs []string) (map[string][]string, error) {
	names := map[string][]string{}

	for request := (&workflowservice.ListSchedulesRequest{Namespace: s.options().Namespace}); ; {
		page, err := s.service().ListSchedules(ctx, request)
		if err != nil {
			return nil, err
		}

		for _, entry := range page.GetSchedules() {
			for _, id := range appIDs {
				if name, ok := strings.CutPrefix(entry.GetScheduleId(), job.ScheduleIDs(id)); ok {
					names[id] = append(names[id], name)
				}
			}
		}

		if request.NextPageToken = page.GetNextPageToken(); len(request.GetNextPageToken()) == 0 {
			return names, nil
		}
	}
}

// reconcileApp makes the schedules of an app equal to its definitions. existing are the names of those that Temporal has.
func (s *Service) reconcileApp(ctx context.Context, of *app.App, existing []string) error {
	var failed error

	for _, schedule := range of.Schedules {
		if err := s.put(ctx, of, schedule); err != nil {
			failed = errors.Join(failed, fmt.Errorf("the schedule %s: %w", schedule.Name, err))
		}
	}

	for _, name := range existing {
		if _, isDefined := of.Schedule(name); isDefined {
			continue
		}

		_, err := s.service().DeleteSchedule(ctx, &workflowservice.DeleteScheduleRequest{
			Namespace: s.options().Namespace, ScheduleId: job.ScheduleID(of.ID, name),
		})

		if _, isGone := errors.AsType[*serviceerror.NotFound](err); err != nil && !isGone {
			failed = errors.Join(failed, fmt.Errorf("the schedule %s: %w", name, err))
		} else if err == nil {
			s.options().Log.Info("the schedule was deleted", "app", of.ID, "schedule", name)
		}
	}

	if err := of.CheckSchedules(); err != nil {
		s.options().Log.Warn("schedules can't start their jobs", "app", of.ID, "error", err)
	}

	return failed
}

// put creates the schedule, or changes it if its definition has changed.
func (s *Service) put(ctx context.Context, of *app.App, schedule app.Schedule) error {
	desired, err := s.desired(of, schedule, time.Now())
	if err != nil {
		return err
	}

	changed := ""

	for range maxConflicts {
		current, err := s.describe(ctx, of.ID, schedule.Name)
		if err != nil {
			return err
		}

		switch {
		case current == nil:
			changed = "created"
			err = s.create(ctx, desired)
		case current.action.Digest == desired.action.Digest && current.isEncodedAs(desired):
			if changed != "" {
				s.options().Log.Info("schedule changed", "change", changed, "app", of.ID, "schedule", schedule.Name)
			}

			return nil
		default:
			changed = "changed"
			err = s.replace(ctx, current, desired)
		}

		if err != nil {
			return err
		}

		if err := clock.Sleep(ctx, conflictPause); err != nil {
			return err
		}
	}

	return errors.New("other changes of the schedule prevent this one")
}

// isEncodedAs reports whether the action has the encoding that it would have now. Otherwise a schedule would need the key that
// encrypted it for ever.
func (d *described) isEncodedAs(wanted *desired) bool {
	metadata := func(of *schedulepb.Schedule) map[string][]byte {
		payloads := of.GetAction().GetStartWorkflow().GetInput().GetPayloads()
		if len(payloads) == 0 {
			return nil
		}

		return payloads[0].GetMetadata()
	}

	return maps.EqualFunc(metadata(d.GetSchedule()), metadata(wanted.schedule), bytes.Equal)
}

// Temporal processes changes of a schedule after it has accepted them, and drops one that conflicts with another.
const (
	maxConflicts  = 50
	conflictPause = 100 * time.Millisecond
)

// desired is a schedule as Temporal should have it.
type desired struct {
	id       string
	schedule *schedulepb.Schedule
	action   job.ScheduleAction
}

// desired returns a schedule as Temporal should have it.
func (s *Service) desired(of *app.App, schedule app.Schedule, now time.Time) (*desired, error) {
	spec, err := schedule.Spec(now)
	if err != nil {
		return nil, err
	}

	wanted := &desired{
		id: job.ScheduleID(of.ID, schedule.Name),
		schedule: &schedulepb.Schedule{
			Spec: spec,
			Policies: &schedulepb.SchedulePolicies{
				OverlapPolicy: policies[schedule.Overlap], CatchupWindow: durationpb.New(schedule.CatchUpWindow),
			},
			State: &schedulepb.ScheduleState{Paused: schedule.Paused, Notes: noteOf(schedule)},
		},
		action: job.ScheduleAction{
			AppID: of.ID, Schedule: schedule.Name, Wait: schedule.Overlap != app.OverlapAllowAll, Paused: schedule.Paused,
		},
	}

	wanted.action.Digest, err = digest(wanted)
	if err != nil {
		return nil, err
	}

	wanted.schedule.Action, err = s.action(wanted.action)

	return wanted, err
}

// digest identifies what a definition makes of a schedule.
func digest(of *desired) (string, error) {
	schedule, err := proto.MarshalOptions{Deterministic: true}.Marshal(of.schedule)
	if err != nil {
		return "", err
	}

	action, err := json.Marshal(of.action)
	if err != nil {
		return "", err
	}

	sum := sha256.Sum256(slices.Concat(schedule, action))

	return hex.EncodeToString(sum[:]), nil
}

// noteOf returns the note of a schedule that is paused by its definition.
func noteOf(schedule app.Schedule) string {
	if schedule.Paused {
		return "paused in app.yaml"
	}

	return ""
}

// create creates a schedule, unless another server does.
func (s *Service) create(ctx context.Context, wanted *desired) error {
	_, err := s.service().CreateSchedule(ctx, &workflowservice.CreateScheduleRequest{
		Namespace: s.options().Namespace, ScheduleId: wanted.id, Schedule: wanted.schedule, RequestId: uuid.NewString(),
	})

	_, started := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err)
	_, exists := errors.AsType[*serviceerror.AlreadyExists](err)

	if started || exists {
		return nil
	}

	return err
}

// replace changes a schedule, unless it has changed meanwhile. A schedule that was paused or resumed by a call remains so, except
// if the definition now says something else about it.
func (s *Service) replace(ctx context.Context, current *described, wanted *desired) error {
	action := wanted.action
	action.Repeat, action.LastTrigger, action.Change = current.action.Repeat, current.action.LastTrigger, current.action.Change

	schedule := proto.CloneOf(wanted.schedule)
	if current.action.Paused == action.Paused {
		schedule.State = current.GetSchedule().GetState()
	}

	var err error
	if schedule.Action, err = s.action(action); err != nil {
		return err
	}

	return s.update(ctx, wanted.id, current, schedule)
}

// update changes a schedule, unless it has changed since it was described.
func (s *Service) update(ctx context.Context, id string, current *described, schedule *schedulepb.Schedule) error {
	_, err := s.service().UpdateSchedule(ctx, &workflowservice.UpdateScheduleRequest{
		Namespace: s.options().Namespace, ScheduleId: id, Schedule: schedule,
		ConflictToken: current.GetConflictToken(), RequestId: uuid.NewString(),
	})

	if _, isConflict := errors.AsType[*serviceerror.FailedPrecondition](err); isConflict {
		return nil // The caller describes it again.
	}

	return err
}
