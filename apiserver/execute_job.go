package apiserver

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
)

// executeRequest has the fields of executeJob.
type executeRequest struct {
	APIKey         string           `json:"apiKey"         description:"The caller's key."`
	AppID          string           `json:"appId"          required:"true" description:"The app in whose context the job runs."`
	Operation      jsonvalue.Object `json:"operation"      required:"true" description:"The operation to execute."`
	IsAsync        bool             `json:"isAsync"        description:"Whether to respond as soon as the job has started."`
	NoResultSchema bool             `json:"noResultSchema" description:"Whether to leave the schemas out of the results."`
	JobID          string           `json:"jobId"          description:"The jobId to use instead of a generated one."`
	WaitSeconds    int64            `json:"waitSeconds"    description:"How long to wait for the job's end when isAsync is false."`

	Labels   map[string]string `json:"labels"   description:"Texts by which operators find the job."`
	Priority int64             `json:"priority" description:"When workers run the job, compared with others: from 1, first, to 5."`
	Callback jsonvalue.Object  `json:"callback" description:"The URL to call when the job ends, and for which events."`
}

// jobStarted is the result of an executeJob call: the jobId and, if the call waited, how far the job got.
type jobStarted struct {
	JobID  string           `json:"jobId"            description:"The job."`
	Status job.State        `json:"status,omitempty" description:"The state of a job that has not ended within the wait."`
	Value  *jsonvalue.Plain `json:"value,omitempty"  description:"The value that the scenario returned."`
}

// executeJob starts a job and responds at once, or waits for the job's end and responds with its results.
func (s *Server) executeJob(c *gin.Context, call request[executeRequest]) {
	wanted, format, err := s.readExecution(c, call)
	if err != nil {
		s.respondError(c, err)

		return
	}

	started, err := s.jobs.Start(c.Request.Context(), wanted)
	if err != nil {
		s.respondError(c, err)

		return
	}
	defer started.Close()

	logOf(c).jobID, logOf(c).scenario = started.JobID, started.Scenario
	s.auditCall(c)

	if started.IsNew {
		s.logStart(c, started)
	}

	if wanted.AwaitUntil.IsZero() {
		c.JSON(http.StatusOK, envelope{Status: "success", Result: jobStarted{JobID: started.JobID}})

		return
	}

	s.awaitAndRespond(c, wanted, started, format)
}

// readExecution reads the request for a job and the format of its results.
func (s *Server) readExecution(c *gin.Context, call request[executeRequest]) (
	wanted jobservice.Request, format resultFormat, err error,
) {
	wanted = jobservice.Request{
		Caller: call.caller, Operation: call.fields.Operation, JobID: call.fields.JobID, Labels: call.fields.Labels,
	}

	if call.has("callback") {
		if wanted.Callback, err = readCallback(call.fields.Callback); err != nil {
			return wanted, format, err
		}
	}

	if call.has("jobId") && wanted.JobID == "" {
		return wanted, format, jobservice.Invalid("%v", job.CheckID(""))
	}

	if call.has("priority") {
		wanted.Priority = int(call.fields.Priority)
		if err := job.CheckPriority(wanted.Priority); err != nil {
			return wanted, format, jobservice.Invalid("%v", err)
		}
	}

	if format, err = readResultFormat(c, resultSelection{}); err != nil {
		return wanted, format, err
	}

	format.withSchema = !call.fields.NoResultSchema

	wait, err := call.wait(call.fields.WaitSeconds, s.options.DefaultWait)
	if err != nil {
		return wanted, format, err
	}

	if isAsync := call.fields.IsAsync || !call.has("isAsync"); !isAsync {
		wanted.AwaitUntil = time.Now().Add(wait)
	}

	return wanted, format, nil
}

// readCallback reads the callback that the call asks for.
func readCallback(given jsonvalue.Object) (*app.CallbackRequest, error) {
	var check schema.Checker

	check.Object("callback", map[string]any(given), schema.Fields[app.CallbackRequest](), check.Field)

	var problems problem.List
	if err := check.Problems.Err(); errors.As(err, &problems) {
		return nil, jobservice.WithProblems(jobservice.CodeRequestInvalid, problems)
	}

	read, err := scenario.Decode[app.CallbackRequest](given)

	return &read, err
}

// wait returns the length of a wait: the field waitSeconds, if the request has it.
func (r request[T]) wait(seconds int64, byDefault time.Duration) (time.Duration, error) {
	if !r.has("waitSeconds") {
		return byDefault, nil
	}

	if most := int64(MaximumWait / time.Second); seconds < 0 || seconds > most {
		return 0, jobservice.Invalid("waitSeconds must be between 0 and %d, not %d", most, seconds)
	}

	return time.Duration(seconds) * time.Second, nil
}

// awaitAndRespond responds with the job's outcome, or with 202 if the job has not ended within the call's wait.
func (s *Server) awaitAndRespond(
	c *gin.Context, wanted jobservice.Request, started *jobservice.Started, format resultFormat,
) {
	ended, err := s.jobs.Await(c.Request.Context(), started, wanted.AwaitUntil)

	switch {
	case err == nil:
		s.logEnd(c, wanted.Caller.App.ID, ended)
		s.respondOutcome(c, ended, format)
	case c.Request.Context().Err() != nil: // The caller disconnected; the job continues.
	case errors.Is(err, jobservice.ErrRunning):
		respondStillRunning(c, wanted.Caller.App.ID, started.JobID)
	default:
		s.respondError(c, err)
	}
}

// respondStillRunning responds with 202 and the address of the job's status.
func respondStillRunning(c *gin.Context, appID, jobID string) {
	query := url.Values{"appId": {appID}, "jobId": {jobID}}

	c.Header("Location", "/api/v1/getJobStatus.jsp?"+query.Encode())
	c.Header("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	c.JSON(http.StatusAccepted, envelope{Status: "success", Result: jobStarted{JobID: jobID, Status: job.Running}})
}
