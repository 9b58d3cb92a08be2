package apiserver

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/jobservice"
)

// pauseRequest has the fields of pauseJob and resumeJob.
type pauseRequest struct {
	APIKey string `json:"apiKey" description:"The caller's key."`
	AppID  string `json:"appId"  required:"true" description:"The app that the job belongs to."`
	JobID  string `json:"jobId"  required:"true" description:"The job to pause or to resume."`
}

// pauseJob makes a job begin no step until it is resumed.
func (s *Server) pauseJob(c *gin.Context, call request[pauseRequest]) {
	result, err := s.jobs.Pause(c.Request.Context(), call.caller, call.fields.JobID)
	s.respondPause(c, result, err)
}

// resumeJob ends the pause of a job.
func (s *Server) resumeJob(c *gin.Context, call request[pauseRequest]) {
	result, err := s.jobs.Resume(c.Request.Context(), call.caller, call.fields.JobID)
	s.respondPause(c, result, err)
}

func (s *Server) respondPause(c *gin.Context, result jobservice.Pause, err error) {
	if err != nil {
		s.respondError(c, err)

		return
	}

	c.JSON(http.StatusOK, envelope{Status: "success", Result: result})
}
