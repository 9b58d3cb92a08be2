package apiserver

import (
	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// retryRequest has the fields of retryJob.
type retryRequest struct {
	APIKey   string `json:"apiKey"   description:"The caller's key."`
	AppID    string `json:"appId"    required:"true" description:"The app that the job belongs to."`
	JobID    string `json:"jobId"    required:"true" description:"The ended job to run again."`
	NewJobID string `json:"newJobId" description:"The jobId of the other job; by default jobId~2."`
	FromStep string `json:"fromStep" description:"The step to begin with: its path, or failed. By default, all steps run."`
	DryRun   bool   `json:"dryRun"   description:"Whether to respond with the steps that would run, and start no job."`

	Parameters jsonvalue.Object `json:"parameters" description:"Parameters in place of those of the ended job with these names."`
}

// retryJob runs an ended job again, or the rest of it, and responds as soon as the job has started.
func (s *Server) retryJob(c *gin.Context, call request[retryRequest]) {
	retry := jobservice.Retry{
		Caller: call.caller, JobID: call.fields.JobID, NewJobID: call.fields.NewJobID, FromStep: call.fields.FromStep,
		Parameters: call.fields.Parameters,
	}

	retried, err := s.retry(c, retry, call.fields.DryRun)
	s.respond(c, retried, err)
}

// retry starts the job or, without effects, plans what it would do.
func (s *Server) retry(c *gin.Context, retry jobservice.Retry, dryRun bool) (*jobservice.JobRetried, error) {
	if dryRun {
		return s.jobs.PlanRetry(c.Request.Context(), retry)
	}

	started, err := s.jobs.Retry(c.Request.Context(), retry)
	if err != nil {
		return nil, err
	}
	defer started.Close()

	logOf(c).jobID = started.JobID
	if started.IsNew {
		s.logStart(c, started)
	}

	return &jobservice.JobRetried{JobID: started.JobID, RetryOf: retry.JobID}, nil
}
