// Package schedule runs scenarios at the times that app.yaml says. Each schedule is a Schedule of Temporal's, which API servers
// keep equal to its definition. When it fires, Temporal starts the workflow FireSchedule; its activities are methods of
// [Firings], and start the job as every job is started.
package schedule

import (
	"context"
	"errors"
	"fmt"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	schedulepb "go.temporal.io/api/schedule/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/clock"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
)

// The codes of errors of schedules, beside those of the job service.
const (
	CodeScheduleNotFound jobservice.Code = "schedule_not_found" // The app has no schedule of that name.
	CodeScheduleInvalid  jobservice.Code = "schedule_invalid"   // The schedule can't start its job.
	CodeScheduleBusy     jobservice.Code = "schedule_busy"      // A job of the schedule runs, and no other one may start.
)

// Service keeps, describes and changes the schedules of apps. It is safe for concurrent use.
type Service struct {
	jobs *jobservice.Service
	apps *app.Catalog
}

// New returns a service for the apps of a catalog. It uses the connection to Temporal of the job service.
func New(jobs *jobservice.Service, apps *app.Catalog) *Service {
	return &Service{jobs: jobs, apps: apps}
}

// options returns the options of the job service, among them the connection to Temporal.
func (s *Service) options() jobservice.Options { return s.jobs.Options() }

// service returns the connection to Temporal.
func (s *Service) service() workflowservice.WorkflowServiceClient {
	return s.options().Temporal.WorkflowService()
}

// described is a schedule as Temporal has it.
type described struct {
	*workflowservice.DescribeScheduleResponse

	action job.ScheduleAction
}

// describe returns a schedule as Temporal has it, or nil if Temporal does not have it. Temporal answers one such request about a
// schedule at a time, and rejects others.
func (s *Service) describe(ctx context.Context, appID, name string) (*described, error) {
	request := &workflowservice.DescribeScheduleRequest{
		Namespace: s.options().Namespace, ScheduleId: job.ScheduleID(appID, name),
	}
	found, err := s.service().DescribeSchedule(ctx, request)

	for isBusy(err) && clock.Sleep(ctx, conflictPause) == nil {
		found, err = s.service().DescribeSchedule(ctx, request)
	}

	if _, isMissing := errors.AsType[*serviceerror.NotFound](err); isMissing {
		return nil, nil //nolint:nilnil // It does not exist.
	}

	if err != nil {
		return nil, err
	}

	schedule := &described{DescribeScheduleResponse: found}

	payloads := found.GetSchedule().GetAction().GetStartWorkflow().GetInput()
	if err := s.options().Converter.FromPayloads(payloads, &schedule.action); err != nil {
		return nil, fmt.Errorf("the action of the schedule %s can't be read: %w", name, err)
	}

	return schedule, nil
}

func isBusy(err error) bool {
	_, isExhausted := errors.AsType[*serviceerror.ResourceExhausted](err)

	return isExhausted
}

// action returns the start of the workflow of a schedule.
func (s *Service) action(action job.ScheduleAction) (*schedulepb.ScheduleAction, error) {
	input, err := s.options().Converter.ToPayloads(action)
	if err != nil {
		return nil, err
	}

	summary, err := s.options().Converter.ToPayload("schedule " + action.Schedule + " · app " + action.AppID)
	if err != nil {
		return nil, err
	}

	return &schedulepb.ScheduleAction{Action: &schedulepb.ScheduleAction_StartWorkflow{
		StartWorkflow: &workflowpb.NewWorkflowExecutionInfo{
			WorkflowId:   job.ScheduleID(action.AppID, action.Schedule),
			WorkflowType: &commonpb.WorkflowType{Name: job.FireScheduleWorkflow},
			TaskQueue:    &taskqueuepb.TaskQueue{Name: job.TaskQueue},
			Input:        input,
			UserMetadata: &sdkpb.UserMetadata{Summary: summary},
			Priority:     &commonpb.Priority{FairnessKey: action.AppID},
		},
	}}, nil
}

// callTimeout limits a call.
const callTimeout = 20 * time.Second

// begin begins a call with a time limit. Its end turns the error of the call into an [*jobservice.Error], or that of a context
// that has ended.
func (s *Service) begin(
	ctx context.Context, err *error, //nolint:gocritic // The end of the call sets it.
) (limited context.Context, end func()) {
	limited, cancel := context.WithTimeout(ctx, callTimeout)

	return limited, func() {
		*err = s.jobs.TemporalError(ctx, *err)

		cancel()
	}
}

// policies are Temporal's policies for overlapping workflows.
var policies = map[app.Overlap]enumspb.ScheduleOverlapPolicy{
	app.OverlapSkip:      enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
	app.OverlapBufferOne: enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE,
	app.OverlapBufferAll: enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL,
	app.OverlapStopOther: enumspb.SCHEDULE_OVERLAP_POLICY_CANCEL_OTHER,
	app.OverlapAllowAll:  enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL,
}
