package apiserver

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
)

// statusRequest has the fields of getJobStatus.
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

// getJobStatus responds with the status of a job and, if it has ended, with its results.
func (s *Server) getJobStatus(c *gin.Context, call request[statusRequest]) {
	wait, format, err := readStatusCall(c, call)
	if err != nil {
		s.respondError(c, err)

		return
	}

	status, err := s.jobs.AwaitStatus(c.Request.Context(), call.caller.App.ID, call.fields.JobID, wait)

	switch {
	case c.Request.Context().Err() != nil: // The caller disconnected.
	case err != nil:
		s.respondError(c, err)
	case !status.Ended:
		body := append([]byte(`{"result":`), status.Fields...)
		c.Data(http.StatusOK, mediaJSON+"; charset=utf-8", append(body, `,"status":"success"}`...))
	default:
		if status.State != job.Completed {
			format.mediaType = mediaJSON // CSV and NDJSON can't express a failure.
		}

		s.streamResults(c, http.StatusOK, "success", status.Fields, status.Results, format)
	}
}

// readStatusCall reads for what the call waits, and the results to return.
func readStatusCall(c *gin.Context, call request[statusRequest]) (
	wait jobservice.Wait, format resultFormat, err error,
) {
	if wait.Length, err = call.wait(call.fields.WaitSeconds, 0); err != nil {
		return wait, format, err
	}

	if call.has("after") {
		wait.After = &call.fields.After
		if *wait.After < 0 {
			return wait, format, jobservice.Invalid("after must be the version of a status, not %d", *wait.After)
		}
	}

	var selection resultSelection
	if call.has("resultName") {
		selection.name = &call.fields.ResultName
	}

	if call.has("offset") {
		selection.offset = &call.fields.Offset
	}

	if call.has("limit") {
		selection.limit = &call.fields.Limit
	}

	format, err = readResultFormat(c, selection)

	return wait, format, err
}
