package schedule

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	schedulepb "go.temporal.io/api/schedule/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// State is the state of a schedule.
type State string

// The states of a schedule.
const (
	StateActive  State = "active"  // It fires at its times.
	StatePaused  State = "paused"  // It does not fire until it is resumed.
	StateInvalid State = "invalid" // It can't start its job, paused or not: a firing would fail.
	StateStale   State = "stale"   // It fires as in the last valid revision of app.yaml: the present one has mistakes.
	StatePending State = "pending" // No API server has created it in Temporal yet.
)

// SchemaValues returns every state as text.
func (State) SchemaValues() []string {
	return []string{string(StateActive), string(StatePaused), string(StateInvalid), string(StateStale), string(StatePending)}
}

// Schedules are the schedules of an app.
type Schedules struct {
	Schedules []Status `json:"schedules" description:"The schedules, in the order of their names."`
}

// Status is a schedule with its definition, its state and its firings.
type Status struct {
	Name          string           `json:"name"                  description:"The name of the schedule."`
	Description   string           `json:"description,omitempty" description:"Its description."`
	Scenario      string           `json:"scenario"              description:"The scenario that it runs."`
	Parameters    jsonvalue.Object `json:"parameters,omitempty"  description:"The parameters of the scenario, with their expressions."`
	OnlyIf        jsonvalue.Value  `json:"onlyIf,omitzero"       description:"The condition for starting a job."`
	Cron          string           `json:"cron,omitempty"        description:"Its cron expression."`
	TimeZone      string           `json:"timeZone,omitempty"    description:"The time zone of the cron expression."`
	Interval      string           `json:"interval,omitempty"    description:"The time between two firings, if it has no cron expression."`
	Overlap       app.Overlap      `json:"overlap"               description:"What it does when it fires while its job runs."`
	CatchUpWindow string           `json:"catchUpWindow"         description:"How long after its time a firing is made up for."`

	State    State    `json:"status"             description:"Whether it fires: active, paused, invalid (it can't start its job), stale (it is that of the last valid app.yaml) or pending (not yet created)."`
	Problems []string `json:"problems,omitempty" description:"Why it is invalid, stale or pending."`

	Paused bool   `json:"paused"         description:"Whether it is paused."`
	Note   string `json:"note,omitempty" description:"Who has paused or resumed it, and why."`

	Next   []string `json:"next"   description:"The next times, in its time zone. A paused schedule does not fire then."`
	Runs   []Run    `json:"runs"   description:"Its last firings, the last one first."`
	Counts Counts   `json:"counts" description:"How many firings had which fate since the schedule was created."`
}

// Every returns the interval of a schedule that has no cron expression, for people: every 6h.
func (s Status) Every() string { return "every " + zeroUnits.ReplaceAllString(s.Interval, "$1") }

// zeroUnits matches the smaller units of a duration that are zero.
var zeroUnits = regexp.MustCompile(`([hm])(?:0m)?(?:0s)$`)

// Counts are the numbers of firings of a schedule since it was created.
type Counts struct {
	Fired   int64 `json:"fired"   description:"Firings that began, including those that were skipped because of onlyIf."`
	Skipped int64 `json:"skipped" description:"Firings that were skipped because a job was running."`
	Missed  int64 `json:"missed"  description:"Firings that were missed in an outage that was longer than the catchUpWindow."`
	Dropped int64 `json:"dropped" description:"Firings that were dropped because too many were waiting."`
	Waiting int64 `json:"waiting" description:"Firings that wait for the end of a job now."`
}

// Run is a firing of a schedule.
type Run struct {
	ScheduledAt time.Time       `json:"scheduledAt"      description:"The time for which the schedule fired."`
	StartedAt   time.Time       `json:"startedAt"        description:"When the firing began."`
	EndedAt     *time.Time      `json:"endedAt,omitempty" description:"When it ended, if it has."`
	JobID       string          `json:"jobId,omitempty"  description:"Its job."`
	Status      job.FiringState `json:"status"           description:"running, skipped, failed (the job could not be started), started (the schedule does not wait for the job), or how its job ended."`
	Reason      string          `json:"reason,omitempty" description:"Why it was skipped or failed."`
}

// maxNext is the number of next times in a [Status].
const maxNext = 5

// DefaultRuns and MaxRuns are the numbers of firings in a [Status].
const (
	DefaultRuns = 5
	MaxRuns     = 100
)

// Describe returns the schedules of the caller's app, or the one of that name, with at most a number of their last firings. The
// firings come from Temporal's visibility store, which knows a firing some moments after it began.
func (s *Service) Describe(
	ctx context.Context, caller jobservice.Caller, name string, runs int,
) (_ *Schedules, err error) {
	ctx, end := s.begin(ctx, &err)
	defer end()

	schedules := caller.App.Schedules

	if name != "" {
		schedule, err := find(caller.App, name)
		if err != nil {
			return nil, err
		}

		schedules = []app.Schedule{schedule}
	}

	found := &Schedules{Schedules: make([]Status, 0, len(schedules))}

	for _, schedule := range schedules {
		status, err := s.status(ctx, caller.App, schedule, runs)
		if err != nil {
			return nil, err
		}

		found.Schedules = append(found.Schedules, *status)
	}

	return found, nil
}

// find returns the app's schedule of that name.
func find(of *app.App, name string) (app.Schedule, error) {
	schedule, ok := of.Schedule(name)
	if !ok {
		return schedule, jobservice.NewError(CodeScheduleNotFound, "app %s has no schedule %s in its app.yaml", of.ID, name)
	}

	return schedule, nil
}

// status returns the status of a schedule.
func (s *Service) status(ctx context.Context, of *app.App, schedule app.Schedule, runs int) (*Status, error) {
	status := &Status{
		Name: schedule.Name, Description: schedule.Description, Scenario: schedule.Scenario, Parameters: schedule.Parameters,
		OnlyIf: jsonvalue.Value{Any: schedule.OnlyIf}, Cron: schedule.Cron, TimeZone: schedule.TimeZone,
		Overlap: schedule.Overlap, CatchUpWindow: schedule.CatchUpWindow.String(),
		Paused: schedule.Paused, Next: []string{}, Runs: []Run{},
	}

	if schedule.Interval > 0 {
		status.Interval = schedule.Interval.String()
	}

	current, err := s.describe(ctx, of.ID, schedule.Name)
	if err != nil {
		return nil, err
	}

	if current != nil {
		state, info := current.GetSchedule().GetState(), current.GetInfo()
		status.Paused, status.Note = state.GetPaused(), state.GetNotes()
		status.Next, status.Counts = nextTimes(schedule, info), countsOf(info)

		if status.Runs, err = s.runs(ctx, of.ID, schedule.Name, runs); err != nil {
			return nil, err
		}
	}

	s.judge(status, of, schedule, current != nil)

	return status, nil
}

// judge completes the status with the state of the schedule, and with the reasons why it does not fire as app.yaml says.
func (s *Service) judge(status *Status, of *app.App, schedule app.Schedule, isCreated bool) {
	status.State = StateActive
	if status.Paused {
		status.State = StatePaused
	}

	// Who may read the mistakes in app.yaml learns them from getApps.
	if s.apps.Mistakes(of.ID) != nil {
		status.Problems = append(status.Problems,
			"app.yaml has mistakes, and the schedule is that of its last valid revision; "+
				"getApps and jobwright validate list them")

		if !status.Paused {
			status.State = StateStale
		}
	}

	if !isCreated {
		status.Problems = append(status.Problems, "no API server has created the schedule in Temporal yet")
		status.State = StatePending
	}

	if err := of.CheckSchedule(schedule); err != nil {
		status.Problems = append(strings.Split(err.Error(), "\n"), status.Problems...)
		status.State = StateInvalid
	}
}

// nextTimes returns the next times at which the schedule fires.
func nextTimes(schedule app.Schedule, info *schedulepb.ScheduleInfo) []string {
	next := []string{}

	for _, at := range info.GetFutureActionTimes() {
		if local := at.AsTime().In(schedule.Location()); !schedule.Misfires(local) && len(next) < maxNext {
			next = append(next, local.Format(time.RFC3339))
		}
	}

	return next
}

func countsOf(info *schedulepb.ScheduleInfo) Counts {
	return Counts{
		Fired: info.GetActionCount(), Skipped: info.GetOverlapSkipped(), Missed: info.GetMissedCatchupWindow(),
		Dropped: info.GetBufferDropped(), Waiting: info.GetBufferSize(),
	}
}

// runs returns the last firings of a schedule.
func (s *Service) runs(ctx context.Context, appID, name string, count int) ([]Run, error) {
	runs := []Run{}

	if count == 0 {
		return runs, nil
	}

	page, err := s.service().ListWorkflowExecutions(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: s.options().Namespace, PageSize: int32(count), //nolint:gosec // At most MaxRuns.
		Query: fmt.Sprintf("WorkflowType = '%s' AND TemporalScheduledById = '%s'",
			job.FireScheduleWorkflow, job.ScheduleID(appID, name)),
	})
	if err != nil {
		return nil, err
	}

	for _, info := range page.GetExecutions() {
		at, err := job.FiringTime(appID, name, info.GetExecution().GetWorkflowId())
		if err != nil {
			return nil, err
		}

		runs = append(runs, s.runOf(info, at))
	}

	return runs, nil
}

// runOf returns a firing.
func (s *Service) runOf(info *workflowpb.WorkflowExecutionInfo, at time.Time) Run {
	run := Run{ScheduledAt: at, StartedAt: info.GetStartTime().AsTime(), Status: job.FiringRunning}

	var firing job.Firing
	payload := info.GetMemo().GetFields()[job.MemoFiring]
	if payload != nil && s.options().Converter.FromPayload(payload, &firing) == nil {
		run.JobID, run.Status, run.Reason = firing.JobID, firing.State, firing.Reason
	}

	if info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		run.Status = job.FiringRunning

		return run
	}

	ended := info.GetCloseTime().AsTime()
	run.EndedAt = &ended

	if run.Status == job.FiringRunning { // It was terminated.
		run.Status, run.Reason = job.FiringFailed, "the workflow of the firing was terminated; its job may run"
	}

	return run
}
