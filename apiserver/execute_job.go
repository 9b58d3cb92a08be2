package apiserver

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// executeRequest is the body of executeJob.
type executeRequest struct {
	APIKey         string           `json:"apiKey"         description:"The caller's key."`
	AppID          string           `json:"appId"          required:"true" description:"The app in whose context the job runs."`
	Operation      jsonvalue.Object `json:"operation"      required:"true" description:"The operation to execute."`
	IsAsync        bool             `json:"isAsync"        description:"Whether to respond as soon as the job has started."`
	NoResultSchema bool             `json:"noResultSchema" description:"Whether to leave the schemas out of the results."`
	JobID          string           `json:"jobId"          description:"The jobId to use instead of a generated one."`
	WaitSeconds    int64            `json:"waitSeconds"    description:"How long to wait for the job's end when isAsync is false."`

	Labels map[string]string `json:"labels" description:"Texts by which operators find the job."`
}

// execution is a valid call of executeJob.
type execution struct {
	app       *app.App
	caller    string // The name of the access.
	labels    map[string]string
	operation jsonvalue.Object
	jobID     string // Empty if the caller gave none.
	entry     string // The entry of the job's program, if this call has started the job.
	keys      seal.Keys
	sealed    job.SealedParameters // The secret parameters of the job, once its input is known.
	secrets   []string             // Their sealed values.
	async     bool
	format    resultFormat // For calls that wait for the results.
	deadline  time.Time    // The end of the wait.
	end       endOfJob     // Reports the end of the job, if the call waits for it.
	hasEnded  bool         // Whether the job had ended before this call.
}

// startDeadline returns the time until which the call tries to start its job: to the end of its wait, if that is longer than
// the patience of all calls.
func (e *execution) startDeadline() time.Time {
	deadline := time.Now().Add(patience)
	if !e.async && e.deadline.After(deadline) {
		return e.deadline
	}

	return deadline
}

// executeJob starts a job and responds at once, or waits for the job's end and responds with its results.
func (s *Server) executeJob(c *gin.Context) {
	call, err := s.readExecution(c)
	if err != nil {
		s.respondError(c, err)

		return
	}

	logOf(c).jobID = call.jobID

	runID, err := s.accept(c.Request.Context(), call)
	defer call.end.close()

	if err != nil {
		failed := s.asCallError(c, err)
		// The job may have started. With its jobId, the caller can repeat the call without the risk of a second run.
		if failed.RetryAfter > 0 {
			failed.JobID = call.jobID
		}

		s.respondError(c, failed)

		return
	}

	logOf(c).jobID = call.jobID
	if call.entry != "" {
		s.logStart(c, call)
	}

	if call.async {
		c.JSON(http.StatusOK, envelope{Status: "success", Result: jobStarted{JobID: call.jobID}})

		return
	}

	s.waitAndRespond(c, call, runID)
}

// readExecution reads and validates a call of executeJob, except for its operation.
func (s *Server) readExecution(c *gin.Context) (*execution, error) {
	call, err := readCall[executeRequest](s, c, app.Execute)
	if err != nil {
		return nil, err
	}

	if err := call.permit(call.request.Operation); err != nil {
		return nil, err
	}

	format, err := readResultFormat(c, nil)
	if err != nil {
		return nil, err
	}

	format.withSchema = !call.request.NoResultSchema

	read := &execution{
		app: call.app, caller: call.grant.Name, labels: call.request.Labels, operation: call.request.Operation,
		keys: s.options.Keys, async: true, format: format,
	}

	if call.has("isAsync") {
		read.async = call.request.IsAsync
	}

	wait := s.options.DefaultWait

	if call.has("waitSeconds") {
		seconds := call.request.WaitSeconds
		if most := int64(MaximumWait / time.Second); seconds < 0 || seconds > most {
			return nil, badRequest("waitSeconds must be between 0 and %d, not %d", most, seconds)
		}

		wait = time.Duration(seconds) * time.Second
	}

	read.deadline = time.Now().Add(wait)

	if call.has("jobId") {
		if err := job.CheckID(call.request.JobID); err != nil {
			return nil, badRequest("%v", err)
		}

		read.jobID = call.request.JobID
	}

	if err := job.CheckLabels(read.labels); err != nil {
		return nil, badRequest("labels: %v", err)
	}

	return read, nil
}

// accept starts the job of the call, or returns the job that the same request has started before.
func (s *Server) accept(ctx context.Context, call *execution) (runID string, err error) {
	hasJobID := call.jobID != ""
	if !hasJobID {
		id, err := uuid.NewV7() // Sorts by time in lists of jobs.
		if err != nil {
			return "", err
		}

		call.jobID = id.String()
	}

	if !call.async {
		call.end = s.watchEnd(call.jobID)
	}

	input, err := call.input()
	if err == nil {
		return s.start(ctx, call, input)
	}

	if !hasJobID {
		return "", err
	}

	// The scenario may have become invalid after the same request was accepted: that job still counts. The error about the
	// scenario is returned only if it is certain that no job was started.
	runID, attachError := s.attach(ctx, call)
	if known, ok := errors.AsType[*callError](attachError); ok && known.Code == CodeJobNotFound {
		return "", err
	}

	return runID, attachError
}

// waitAndRespond responds with the job's outcome, or with 202 if the job has not ended within the call's wait.
func (s *Server) waitAndRespond(c *gin.Context, call *execution, runID string) {
	deadline := call.deadline
	if earliest := time.Now().Add(callTimeout); call.hasEnded && deadline.Before(earliest) {
		deadline = earliest // The call only reads the outcome, also if it does not wait.
	}

	ctx, cancel := context.WithDeadline(c.Request.Context(), deadline)
	defer cancel()
	defer context.AfterFunc(s.draining, cancel)()

	var grace time.Duration
	if call.entry != "" { // This call has started the job; another one may have ended.
		grace = newsGrace
	}

	ended, err := s.waitForOutcome(ctx, call.jobID, runID, call.end, grace)

	switch {
	case err == nil:
		s.logEnd(c, call, ended)
		s.respondOutcome(c, ended, call.format)
	case c.Request.Context().Err() != nil: // The caller disconnected; the job continues.
	case ctx.Err() != nil:
		respondStillRunning(c, call)
	default:
		var known *callError
		if !errors.As(err, &known) {
			known = s.asCallError(c, err)
			known.JobID = call.jobID
		}

		s.respondError(c, known)
	}
}

// respondStillRunning responds with 202 and the address of the job's status.
func respondStillRunning(c *gin.Context, call *execution) {
	query := url.Values{"appId": {call.app.ID}, "jobId": {call.jobID}}

	c.Header("Location", "/api/v1/getJobStatus.jsp?"+query.Encode())
	c.Header("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	c.JSON(http.StatusAccepted, envelope{Status: "success", Result: jobStarted{JobID: call.jobID, Status: job.Running}})
}
