package apiserver

import (
	"context"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
)

// stopRequest has the fields of stopJob, which are query parameters of a GET or the body of a POST.
type stopRequest struct {
	APIKey string `json:"apiKey" description:"The caller's key."`
	AppID  string `json:"appId"  required:"true" description:"The app that the job belongs to."`
	JobID  string `json:"jobId"  required:"true" description:"The job to stop."`
}

// stopStatus is the status of a call of stopJob.
type stopStatus string

// A caller may repeat the call until the job has ended.
const (
	stopStarted     stopStatus = "stop started"
	alreadyStopping stopStatus = "already being stopped"
	alreadyEnded    stopStatus = "already completed"
)

// stopped is the result of stopJob.
type stopped struct {
	JobID     string     `json:"jobId"`
	Status    stopStatus `json:"status"`
	JobStatus job.State  `json:"jobStatus,omitempty"` // How the job ended; empty if it has not.
}

// stopJob requests that a job stops. It responds as soon as Temporal has accepted the request, before the job has stopped.
func (s *Server) stopJob(c *gin.Context) {
	request, by, err := s.readStop(c)
	logOf(c).jobID = request.JobID

	if err != nil {
		s.respondError(c, err)

		return
	}

	result, err := s.stop(c.Request.Context(), request, by)
	if err != nil {
		failed := s.asCallError(c, err)
		failed.JobID = request.JobID
		s.respondError(c, failed)

		return
	}

	c.JSON(http.StatusOK, envelope{Status: "success", Result: result})
}

// readStop reads and validates a call of stopJob. by is the name of the caller's access.
func (s *Server) readStop(c *gin.Context) (request stopRequest, by string, err error) {
	if c.Request.Method == http.MethodPost {
		call, err := readCall[stopRequest](s, c, app.Stop)

		return call.request, call.grant.Name, err
	}

	query, err := readQuery(c, "apiKey", "appId", "jobId")
	if err == nil {
		err = checkKeyInAddress(c, query)
	}

	if err != nil {
		return request, "", err
	}

	request = stopRequest{APIKey: query["apiKey"], AppID: query["appId"], JobID: query["jobId"]}

	caller, err := s.authorize(c, request.APIKey, request.AppID, app.Stop)
	if err == nil && request.JobID == "" {
		err = badRequest("jobId parameter is required.")
	}

	return request, caller.grant.Name, err
}

// stop requests the cancellation of the job, unless it is stopping or has ended. A job with many steps that run at the same time
// can keep Temporal so busy that it takes several requests.
func (s *Server) stop(ctx context.Context, request stopRequest, by string) (stopped, error) {
	const requests = 2 // Describing the job, and cancelling it.

	ctx, cancel := context.WithTimeout(ctx, requests*patience)
	defer cancel()

	result := stopped{JobID: request.JobID}

	described, err := s.describeOf(ctx, request.AppID, request.JobID)
	if err != nil {
		return result, err
	}

	if result.JobStatus = endState(described); result.JobStatus != "" {
		result.Status = alreadyEnded

		return result, nil
	}

	stopping, err := s.isStopping(ctx, described)
	if err != nil {
		return result, err
	}

	if stopping {
		result.Status = alreadyStopping

		return result, nil
	}

	return s.cancel(ctx, described, by)
}

// isStopping reports whether the job's stop has been requested before.
func (s *Server) isStopping(ctx context.Context, described *workflowservice.DescribeWorkflowExecutionResponse) (bool, error) {
	if described.GetWorkflowExtendedInfo().GetCancelRequested() {
		return true, nil
	}

	info := described.GetWorkflowExecutionInfo()
	if info.GetExecution().GetRunId() == info.GetFirstRunId() {
		return false, nil
	}

	// Temporal records the cancellation of a single run. Only the workflow knows whether an earlier run was cancelled. If no
	// worker responds, the job is cancelled once more, which is harmless.
	current, running, err := s.progressOf(ctx, described)

	return running && current.Status == job.Stopping, err
}

// cancel requests the cancellation of the job, also if it has continued in a new run. A repeated request has no effect.
func (s *Server) cancel(
	ctx context.Context, described *workflowservice.DescribeWorkflowExecutionResponse, by string,
) (stopped, error) {
	result := stopped{JobID: described.GetWorkflowExecutionInfo().GetExecution().GetWorkflowId(), Status: stopStarted}

	err := s.persistently(ctx, func(ctx context.Context) error {
		return s.options.Temporal.CancelWorkflowWithOptions(ctx, client.CancelWorkflowOptions{
			WorkflowID:          result.JobID,
			FirstExecutionRunID: described.GetWorkflowExecutionInfo().GetFirstRunId(),
			Reason:              stopReason(by),
		})
	})

	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return result, jobNotFound(result.JobID)
	}

	if err != nil {
		return result, err
	}

	// Temporal also accepts the request if the job has just ended. This call has not stopped such a job. If Temporal is too busy
	// to say so, the stop has started all the same.
	now, _ := s.describe(ctx, result.JobID)
	if state := endState(now); state != "" && state != job.Stopped {
		result.Status, result.JobStatus = alreadyEnded, state
	}

	return result, nil
}

// stopReason returns the reason of the cancellation, which Temporal UI shows.
func stopReason(by string) string {
	if by == job.AnyAccess {
		return "stopJob, called with the key of this machine"
	}

	return "stopJob, called by " + by
}

// endState returns how a job ended, or "" if it has not.
func endState(described *workflowservice.DescribeWorkflowExecutionResponse) job.State {
	switch described.GetWorkflowExecutionInfo().GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		return job.Completed
	case enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED:
		return job.Stopped
	case enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED,
		enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return job.CompletedWithError
	default:
		return ""
	}
}
