package apiserver

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/audit"
	"github.com/jobwright/jobwright/jobservice"
)

// deleteRequest has the fields of deleteJob.
type deleteRequest struct {
	APIKey      string            `json:"apiKey"      description:"The caller's key."`
	AppID       string            `json:"appId"       required:"true" description:"The app that the jobs belong to."`
	JobID       string            `json:"jobId"       description:"The ended job to delete."`
	Labels      map[string]string `json:"labels"      description:"Instead of jobId: labels that the ended jobs to delete have, all of them."`
	DryRun      bool              `json:"dryRun"      description:"Whether to respond with the jobs that would be deleted, and delete nothing."`
	WaitSeconds int64             `json:"waitSeconds" description:"How long to wait for the end of the deletions."`
}

// deletionWait is how long deleteJob waits unless the call says otherwise. Temporal deletes a workflow only after its queues have
// recorded the end of the workflow, which they do every 30 seconds.
const deletionWait = time.Minute

// deleteJob deletes ended jobs. It responds with 202 if not all of them are deleted within the call's wait.
func (s *Server) deleteJob(c *gin.Context, call request[deleteRequest]) {
	wait, err := call.wait(call.fields.WaitSeconds, deletionWait)
	if err != nil {
		s.respondError(c, err)

		return
	}

	deletions, err := s.jobs.Delete(c.Request.Context(), jobservice.Delete{
		Caller: call.caller, JobID: call.fields.JobID, Labels: call.fields.Labels, DryRun: call.fields.DryRun, Wait: wait,
	})
	if err != nil {
		s.respondError(c, err)

		return
	}

	switch {
	case deletions.DryRun:
		s.auditJob(c, call.fields.JobID, "dry_run")
	case call.fields.JobID == "":
		s.auditDeletions(c, deletions)
	}

	status := http.StatusOK
	if !deletions.HaveEnded() {
		status = http.StatusAccepted
	}

	c.JSON(status, envelope{Status: "success", Result: deletions})
}

// auditDeletions writes a line to the audit log for each job whose deletion a call with labels has requested.
func (s *Server) auditDeletions(c *gin.Context, deletions *jobservice.Deletions) {
	for _, deletion := range deletions.Jobs {
		outcome := audit.OK
		if deletion.Status == jobservice.DeletionRefused {
			outcome = string(jobservice.CodeJobNotEnded)
		}

		s.auditJob(c, deletion.JobID, outcome)
	}
}
