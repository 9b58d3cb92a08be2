package apiserver

import (
	"context"
	"errors"
	"net/http"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// signalRequest is the body of signalJob.
type signalRequest struct {
	APIKey   string         `json:"apiKey"   description:"The caller's key."`
	AppID    string         `json:"appId"    required:"true" description:"The app that the job belongs to."`
	JobID    string         `json:"jobId"    required:"true" description:"The job to tell something."`
	Signal   string         `json:"signal"   required:"true" description:"The signal's name."`
	Data     scenario.Value `json:"data"     description:"What the step that waits for it gets as its value."`
	SignalID string         `json:"signalId" description:"Identifies the signal, so that a repeated call takes effect once."`
}

// signalled is the result of signalJob.
type signalled struct {
	JobID   string `json:"jobId"`
	Signal  string `json:"signal"`
	Awaited bool   `json:"awaited"` // Whether a step waited for it; otherwise the job keeps it for one to come.
}

// signalJob tells a job something that it waits for, or will wait for.
func (s *Server) signalJob(c *gin.Context) {
	request, from, err := readCall[signalRequest](s, c, app.Signal)
	if err == nil {
		err = request.check()
	}

	if err != nil {
		s.answerError(c, err)

		return
	}

	taken, err := s.signal(c.Request.Context(), request, from)
	if err != nil {
		answer := s.asCallError(c, err)
		answer.JobID = request.JobID
		s.answerError(c, answer)

		return
	}

	c.JSON(http.StatusOK, envelope{Status: "success", Result: signalled{
		JobID: request.JobID, Signal: request.Signal, Awaited: taken.Awaited,
	}})
}

// maxSignalName is the length in characters of a signal's name, and of its ID, up to which Temporal and the job keep them.
const maxSignalName = 200

// check bounds what the job has to remember.
func (r signalRequest) check() error {
	if length := utf8.RuneCountInString(r.Signal); length > maxSignalName {
		return badRequest("a signal's name has at most %d characters, this has %d", maxSignalName, length)
	}

	if length := utf8.RuneCountInString(r.SignalID); length > maxSignalName {
		return badRequest("a signalId has at most %d characters, this has %d", maxSignalName, length)
	}

	// The job would refuse it too, but only where a worker is there to look.
	if size := scenario.SizeOf(r.Data.Any); size > job.MaxSignal {
		return newError(http.StatusRequestEntityTooLarge, CodeRequestTooLarge,
			"the signal's data has %d bytes, and %d is the most", size, job.MaxSignal)
	}

	return nil
}

// signal hands the signal to the job's workflow, as an update: unlike a signal of Temporal's, it is answered.
func (s *Server) signal(ctx context.Context, request signalRequest, from string) (job.SignalTaken, error) {
	var taken job.SignalTaken

	described, err := s.describe(ctx, request.JobID)
	if err != nil {
		return taken, err
	}

	switch {
	case memoText(described, job.MemoAppID) != request.AppID:
		return taken, noJob(request.JobID)
	case described.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING:
		return taken, jobEnded(request.JobID)
	}

	ctx, cancel := s.outage.bound(ctx)
	defer cancel()

	id := request.SignalID
	if id == "" {
		id = uuid.NewString()
	}

	handle, err := s.options.Temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: request.JobID, UpdateID: id, UpdateName: job.SignalUpdate,
		Args:         []any{job.Signal{Name: request.Signal, Data: request.Data, From: from, ID: request.SignalID}},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(ctx, &taken)
	}

	return taken, asSignalError(request.JobID, err)
}

// asSignalError says why a job did not take a signal.
func asSignalError(jobID string, err error) error {
	if _, ended := errors.AsType[*serviceerror.NotFound](err); ended {
		return jobEnded(jobID) // Since it was described.
	}

	if _, timedOut := errors.AsType[*client.WorkflowUpdateServiceTimeoutOrCanceledError](err); timedOut {
		late := newError(http.StatusServiceUnavailable, CodeTemporalUnavailable,
			"no worker answers at the moment; repeat the call, with a signalId so that it takes effect once")
		late.RetryAfter = retryAfter

		return late
	}

	refused, ok := errors.AsType[*temporal.ApplicationError](err)
	if !ok {
		return err
	}

	switch refused.Type() {
	case job.SignalForbidden:
		return newError(http.StatusForbidden, CodeForbidden, "%s", refused.Message())
	case job.SignalTooLarge:
		return newError(http.StatusRequestEntityTooLarge, CodeRequestTooLarge, "%s", refused.Message())
	case job.SignalsTooMany:
		full := newError(http.StatusTooManyRequests, CodeTooManyRequests, "%s", refused.Message())
		full.RetryAfter = retryAfter

		return full
	}

	return err
}

func jobEnded(jobID string) *callError {
	ended := newError(http.StatusConflict, CodeJobEnded, "the job %s has ended, and takes no signals any more", jobID)
	ended.JobID = jobID

	return ended
}
