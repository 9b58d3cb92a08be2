package jobservice

import (
	"context"
	"errors"

	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/slot"
)

// slotUse returns how jobs of an app with the quota use a slot.
func slotUse(quota app.Quota) job.SlotUse {
	switch {
	case quota.RunningJobs == 0:
		return ""
	case quota.WhenFull == app.Queue:
		return job.SlotQueued
	default:
		return job.SlotHeld
	}
}

// acquireSlot requests a slot for a job that does not wait for one. If none is free, it finds the job that the same request has
// started before.
func (s *Service) acquireSlot(ctx context.Context, call *execution, started *Started) (acquired bool, err error) {
	of := call.Caller.App
	request := job.SlotRequest{
		SlotHolder: job.SlotHolder{JobID: call.JobID}, AppID: of.ID, Limit: of.Quota.RunningJobs,
	}

	answer, err := slot.Acquire(ctx, s.options.Temporal, request)
	if _, timedOut := errors.AsType[*client.WorkflowUpdateServiceTimeoutOrCanceledError](err); timedOut {
		return false, NewError(CodeTemporalUnavailable, "no worker responds at the moment, and one has to count the running "+
			"jobs of the app; repeat the call").RepeatAfter(retryAfter)
	}

	if err != nil || answer.Granted {
		return answer.Granted, err
	}

	attachError := s.attach(ctx, call, started)
	if HasCode(attachError, CodeJobNotFound) {
		return false, NewError(CodeQuotaExceeded, "app %s runs %d jobs, and limits.runningJobs in its app.yaml permits no more "+
			"at the same time; no job was started; repeat the call", of.ID, of.Quota.RunningJobs).RepeatAfter(retryAfter)
	}

	return false, attachError
}

// releaseSlot returns the slot of a job that was not started. If it fails, a check of the slots repairs it.
func (s *Service) releaseSlot(ctx context.Context, call *execution) {
	appID := call.Caller.App.ID
	holder := job.SlotHolder{JobID: call.JobID}

	if err := s.options.Temporal.SignalWorkflow(ctx, job.SlotsID(appID, ""), "", job.ReleaseSignal, holder); err != nil {
		s.options.Log.Warn("a slot of an app can't be returned now", "app", appID, "jobId", call.JobID, "error", err)
	}
}
