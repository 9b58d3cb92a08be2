package apiserver

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/job"
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

// jobRetried is the result of retryJob.
type jobRetried struct {
	JobID   string `json:"jobId"   description:"The new job."`
	RetryOf string `json:"retryOf" description:"The ended job."`

	// Of a dry run.
	DryRun      bool              `json:"dryRun,omitempty" description:"Whether no job was started."`
	Interrupted []string          `json:"interrupted,omitempty" description:"The steps without an outcome, which run again."`
	Steps       []job.PlannedStep `json:"steps,omitempty" description:"What becomes of each step."`
}

// retryJob runs an ended job again, or the rest of it, and responds as soon as the job has started.
func (s *Server) retryJob(c *gin.Context, call request[retryRequest]) {
	retry := jobservice.Retry{
		Caller: call.caller, JobID: call.fields.JobID, NewJobID: call.fields.NewJobID, FromStep: call.fields.FromStep,
		Parameters: call.fields.Parameters,
	}

	if call.fields.DryRun {
		plan, err := s.jobs.PlanRetry(c.Request.Context(), retry)
		if err != nil {
			s.respondError(c, err)

			return
		}

		c.JSON(http.StatusOK, envelope{Status: "success", Result: jobRetried{
			JobID: plan.JobID, RetryOf: plan.RetryOf, DryRun: true, Interrupted: plan.Interrupted, Steps: plan.Steps,
		}})

		return
	}

	started, err := s.jobs.Retry(c.Request.Context(), retry)
	if err != nil {
		s.respondError(c, err)

		return
	}
	defer started.Close()

	logOf(c).jobID = started.JobID
	if started.IsNew {
		s.logStart(c, started)
	}

	c.JSON(http.StatusOK, envelope{Status: "success", Result: jobRetried{JobID: started.JobID, RetryOf: retry.JobID}})
}
