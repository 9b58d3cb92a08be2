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

// stopRequest is what stopJob is told, in the query of a GET or in the body of a POST.
type stopRequest struct {
	APIKey string `json:"apiKey" description:"The caller's key."`
	AppID  string `json:"appId"  required:"true" description:"The app that the job belongs to."`
	JobID  string `json:"jobId"  required:"true" description:"The job to stop."`
}

// stopStatus is what a call of stopJob came to.
type stopStatus string

// What there is. A caller may repeat the call until it is the last.
const (
	stopStarted     stopStatus = "stop started"
	alreadyStopping stopStatus = "already being stopped"
	alreadyEnded    stopStatus = "already completed"
)

// stopped is the result of stopJob.
type stopped struct {
	JobID     string     `json:"jobId"`
	Status    stopStatus `json:"status"`
	JobStatus job.State  `json:"jobStatus,omitempty"` // How the job ended, if it has.
}

// stopJob tells a job to stop. It is answered as soon as Temporal has the request; that the job winds up takes longer.
func (s *Server) stopJob(c *gin.Context) {
	c.Header("Cache-Control", "no-store") // What a cache answers stops nothing.

	request, by, err := s.readStop(c)
	if err != nil {
		s.answerError(c, err)

		return
	}

	answer, err := s.stop(c.Request.Context(), request, by)
	if err != nil {
		failed := s.asCallError(c, err)
		failed.JobID = request.JobID
		s.answerError(c, failed)

		return
	}

	c.JSON(http.StatusOK, envelope{Status: "success", Result: answer})
}

// readStop reads and checks a call of stopJob. It returns the name of the access by which the caller got in. Who may start
// jobs may stop them.
func (s *Server) readStop(c *gin.Context) (request stopRequest, by string, err error) {
	if c.Request.Method == http.MethodPost {
		return readCall[stopRequest](s, c, app.Execute)
	}

	query, err := readQuery(c, "apiKey", "appId", "jobId")
	if err != nil {
		return request, "", err
	}

	request = stopRequest{APIKey: query["apiKey"], AppID: query["appId"], JobID: query["jobId"]}

	_, by, err = s.authorize(c, request.APIKey, request.AppID, app.Execute)
	if err == nil && request.JobID == "" {
		err = badRequest("jobId parameter is required.")
	}

	return request, by, err
}

// stop has Temporal cancel the job, unless it is being stopped or has ended.
func (s *Server) stop(ctx context.Context, request stopRequest, by string) (stopped, error) {
	ctx, cancel := s.outage.bound(ctx)
	defer cancel()

	answer := stopped{JobID: request.JobID}

	found, err := s.describe(ctx, request.JobID)
	if err != nil {
		return answer, err
	}

	if memoText(found, job.MemoAppID) != request.AppID {
		return answer, noJob(request.JobID)
	}

	if answer.JobStatus = endedAs(found); answer.JobStatus != "" {
		answer.Status = alreadyEnded

		return answer, nil
	}

	stopping, err := s.isStopping(ctx, found)
	if err != nil {
		return answer, err
	}

	if stopping {
		answer.Status = alreadyStopping

		return answer, nil
	}

	return s.cancel(ctx, found, by)
}

// isStopping reports whether the job was told to stop before, by whomever.
func (s *Server) isStopping(ctx context.Context, found *workflowservice.DescribeWorkflowExecutionResponse) (bool, error) {
	if found.GetWorkflowExtendedInfo().GetCancelRequested() {
		return true, nil
	}

	info := found.GetWorkflowExecutionInfo()
	if info.GetExecution().GetRunId() == info.GetFirstRunId() {
		return false, nil
	}

	// Temporal cancels one run. Whether an earlier one was, from which this one goes on, the workflow alone knows. When no
	// worker answers, the job is cancelled once more, which does no harm.
	current, running, err := s.current(ctx, found)

	return running && current.Status == job.Stopping, err
}

// cancel has Temporal cancel the job that was found, in whichever run it is by now. The SDK repeats the request with the
// same ID when its answer gets lost.
func (s *Server) cancel(
	ctx context.Context, found *workflowservice.DescribeWorkflowExecutionResponse, by string,
) (stopped, error) {
	answer := stopped{JobID: found.GetWorkflowExecutionInfo().GetExecution().GetWorkflowId(), Status: stopStarted}

	err := s.options.Temporal.CancelWorkflowWithOptions(ctx, client.CancelWorkflowOptions{
		WorkflowID:          answer.JobID,
		FirstExecutionRunID: found.GetWorkflowExecutionInfo().GetFirstRunId(),
		Reason:              stopReason(by),
	})

	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return answer, noJob(answer.JobID)
	}

	if err != nil {
		return answer, err
	}

	// Temporal takes a request for a job that has ended just so. It is not this call that stopped such a one.
	now, err := s.describe(ctx, answer.JobID)
	if state := endedAs(now); state != "" && state != job.Stopped {
		answer.Status, answer.JobStatus = alreadyEnded, state
	}

	return answer, err
}

// stopReason is what operators read in Temporal's UI of who stopped a job.
func stopReason(by string) string {
	if by == job.Anybody {
		return "stopJob, called with the key of this machine"
	}

	return "stopJob, called by " + by
}

// endedAs returns how a job ended, or "" when it has not.
func endedAs(described *workflowservice.DescribeWorkflowExecutionResponse) job.State {
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
