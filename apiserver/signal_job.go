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
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// signalRequest is the body of signalJob.
type signalRequest struct {
	APIKey   string          `json:"apiKey"   description:"The caller's key."`
	AppID    string          `json:"appId"    required:"true" description:"The app that the job belongs to."`
	JobID    string          `json:"jobId"    required:"true" description:"The job that receives the signal."`
	Signal   string          `json:"signal"   required:"true" description:"The signal's name."`
	Data     jsonvalue.Value `json:"data"     description:"The value of the step that waits for the signal."`
	SignalID string          `json:"signalId" description:"Identifies the signal, so that a repeated call takes effect once."`
}

// signalAccepted is the result of signalJob.
type signalAccepted struct {
	JobID   string `json:"jobId"`
	Signal  string `json:"signal"`
	Awaited bool   `json:"awaited"` // Whether a step waited for it; otherwise the job stores it for a later step.
}

// signalJob sends a signal to a running job.
func (s *Server) signalJob(c *gin.Context) {
	call, err := readCall[signalRequest](s, c, app.Signal)
	request := call.request
	logOf(c).jobID = request.JobID

	if err == nil {
		err = request.validate()
	}

	if err != nil {
		s.respondError(c, err)

		return
	}

	taken, err := s.signal(c.Request.Context(), request, call.grant.Name)
	if err != nil {
		failed := s.asCallError(c, err)
		failed.JobID = request.JobID
		s.respondError(c, failed)

		return
	}

	c.JSON(http.StatusOK, envelope{Status: "success", Result: signalAccepted{
		JobID: request.JobID, Signal: request.Signal, Awaited: taken.Awaited,
	}})
}

// maxSignalName is the maximum length of a signal's name and of its ID, in characters.
const maxSignalName = 200

// validate checks the sizes of the name, the ID and the data, which the job stores.
func (r signalRequest) validate() error {
	if length := utf8.RuneCountInString(r.Signal); length > maxSignalName {
		return badRequest("a signal's name has at most %d characters, this one has %d", maxSignalName, length)
	}

	if length := utf8.RuneCountInString(r.SignalID); length > maxSignalName {
		return badRequest("a signalId has at most %d characters, this one has %d", maxSignalName, length)
	}

	// The job rejects it too, but only while a worker runs.
	if size := jsonvalue.SizeOf(r.Data.Any); size > job.MaxSignal {
		return newError(http.StatusRequestEntityTooLarge, CodeRequestTooLarge,
			"the signal's data has %d bytes, more than the maximum of %d", size, job.MaxSignal)
	}

	return nil
}

// signal sends the signal to the job's workflow as an update. Unlike a Temporal signal, an update has a result.
func (s *Server) signal(ctx context.Context, request signalRequest, from string) (job.SignalAccepted, error) {
	var taken job.SignalAccepted

	described, err := s.describeOf(ctx, request.AppID, request.JobID)
	if err != nil {
		return taken, err
	}

	if described.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return taken, jobEnded(request.JobID)
	}

	ctx, cancel := s.outage.withTimeout(ctx, callTimeout)
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

// asSignalError turns the error of an update into the error of the call.
func asSignalError(jobID string, err error) error {
	if _, ended := errors.AsType[*serviceerror.NotFound](err); ended {
		return jobEnded(jobID) // Since the description.
	}

	if _, timedOut := errors.AsType[*client.WorkflowUpdateServiceTimeoutOrCanceledError](err); timedOut {
		timeout := newError(http.StatusServiceUnavailable, CodeTemporalUnavailable,
			"no worker responds at the moment; repeat the call, with a signalId so that it takes effect once")
		timeout.RetryAfter = retryAfter

		return timeout
	}

	rejected, ok := errors.AsType[*temporal.ApplicationError](err)
	if !ok {
		return err
	}

	switch rejected.Type() {
	case job.SignalForbidden:
		return newError(http.StatusForbidden, CodeSignalForbidden, "%s", rejected.Message())
	case job.SignalUnknown:
		return newError(http.StatusNotFound, CodeSignalNotFound, "%s", rejected.Message())
	case job.SignalTooLarge:
		return newError(http.StatusRequestEntityTooLarge, CodeRequestTooLarge, "%s", rejected.Message())
	case job.SignalsTooMany:
		full := newError(http.StatusTooManyRequests, CodeTooManyRequests, "%s", rejected.Message())
		full.RetryAfter = retryAfter

		return full
	}

	return err
}

func jobEnded(jobID string) *callError {
	ended := newError(http.StatusConflict, CodeJobEnded, "the job %s has ended and accepts no more signals", jobID)
	ended.JobID = jobID

	return ended
}
