package apiserver

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
)

// statusRequest has the fields of getJobStatus, which are query parameters of a GET or the body of a POST.
type statusRequest struct {
	APIKey      string `json:"apiKey"      description:"The caller's key."`
	AppID       string `json:"appId"       required:"true" description:"The app that the job belongs to."`
	JobID       string `json:"jobId"       required:"true" description:"The job."`
	ResultName  string `json:"resultName"  description:"The name of the results to return."`
	Offset      int64  `json:"offset"      description:"The index of the first record of each result to return."`
	Limit       int64  `json:"limit"       description:"The maximum number of records of each result to return."`
	WaitSeconds int64  `json:"waitSeconds" description:"How long to wait for the end of the job, or for a change."`
	After       int64  `json:"after"       description:"The version that the caller knows, to wait for a change of the status."`
}

// statusCall is a valid call of getJobStatus.
type statusCall struct {
	appID, jobID string
	wait         statusWait
	format       resultFormat
}

// getJobStatus responds with the status of a job and, if it has ended, with its results.
func (s *Server) getJobStatus(c *gin.Context) {
	call, err := s.readStatusCall(c)
	if err != nil {
		s.respondError(c, err)

		return
	}

	status, err := s.awaitStatus(c.Request.Context(), call.appID, call.jobID, call.wait)

	switch {
	case c.Request.Context().Err() != nil: // The caller disconnected.
	case err != nil:
		s.respondError(c, err)
	case !status.ended:
		body := append([]byte(`{"result":`), status.fields...)
		c.Data(http.StatusOK, mediaJSON+"; charset=utf-8", append(body, `,"status":"success"}`...))
	default:
		if status.state != job.Completed {
			call.format.mediaType = mediaJSON // CSV and NDJSON can't express a failure.
		}

		s.streamResults(c, http.StatusOK, "success", status.fields, status.results, call.format)
	}
}

// readStatusCall reads and validates a call of getJobStatus.
func (s *Server) readStatusCall(c *gin.Context) (call statusCall, err error) {
	parameters, appID, err := s.readStatusParameters(c)
	if err != nil {
		return call, err
	}

	call.appID, call.jobID = appID, parameters["jobId"]

	if call.jobID == "" {
		return call, badRequest("jobId parameter is required.")
	}

	if call.wait, err = readStatusWait(parameters); err != nil {
		return call, err
	}

	call.format, err = readResultFormat(c, parameters)

	return call, err
}

// readStatusParameters reads the parameters of an authorized call of getJobStatus, by name. appID is the app that the caller may
// use.
func (s *Server) readStatusParameters(c *gin.Context) (parameters map[string]string, appID string, err error) {
	if c.Request.Method == http.MethodPost {
		call, err := readCall[statusRequest](s, c, app.Status)
		if err != nil {
			return nil, "", err
		}

		logOf(c).jobID = call.request.JobID

		return call.request.parameters(call.has), call.app.ID, nil
	}

	query, err := readQuery(c, "apiKey", "appId", "jobId", "resultName", "offset", "limit", "waitSeconds", "after")
	if err != nil {
		return nil, "", err
	}

	logOf(c).jobID = query["jobId"]

	caller, err := s.authorize(c, query["apiKey"], query["appId"], app.Status)
	if err != nil {
		return nil, "", err
	}

	return query, caller.app.ID, nil
}

// parameters returns the fields that the caller has set in the form of query parameters.
func (r statusRequest) parameters(has func(field string) bool) map[string]string {
	parameters := map[string]string{"jobId": r.JobID}

	if has("resultName") {
		parameters["resultName"] = r.ResultName
	}

	for name, value := range map[string]int64{
		"offset": r.Offset, "limit": r.Limit, "waitSeconds": r.WaitSeconds, "after": r.After,
	} {
		if has(name) {
			parameters[name] = strconv.FormatInt(value, 10)
		}
	}

	return parameters
}

// readStatusWait reads the parameters waitSeconds and after.
func readStatusWait(parameters map[string]string) (wait statusWait, err error) {
	if given, has := parameters["waitSeconds"]; has {
		most := int64(MaximumWait / time.Second)

		seconds, err := strconv.ParseInt(given, 10, 64)
		if err != nil || seconds < 0 || seconds > most {
			return wait, badRequest("waitSeconds must be an integer between 0 and %d, not %q", most, given)
		}

		wait.length = time.Duration(seconds) * time.Second
	}

	given, has := parameters["after"]
	if has {
		wait.hasAfter = true
		if wait.after, err = strconv.ParseInt(given, 10, 64); err != nil || wait.after < 0 {
			return wait, badRequest("after must be the version of a status, not %q", given)
		}
	}

	return wait, nil
}
