package apiserver

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// stopRequest has the fields of stopJob.
type stopRequest struct {
	APIKey string `json:"apiKey" description:"The caller's key."`
	AppID  string `json:"appId"  required:"true" description:"The app that the job belongs to."`
	JobID  string `json:"jobId"  required:"true" description:"The job to stop."`
}

// stopJob requests that a job stops. It responds as soon as Temporal has accepted the request, before the job has stopped.
func (s *Server) stopJob(c *gin.Context, call request[stopRequest]) {
	result, err := s.jobs.Stop(c.Request.Context(), call.caller, call.fields.JobID)
	if err != nil {
		s.respondError(c, err)

		return
	}

	c.JSON(http.StatusOK, envelope{Status: "success", Result: result})
}
