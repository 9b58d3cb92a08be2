package apiserver

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// redeliverRequest has the fields of redeliverCallback.
type redeliverRequest struct {
	APIKey string `json:"apiKey" description:"The caller's key."`
	AppID  string `json:"appId"  required:"true" description:"The app that the job belongs to."`
	JobID  string `json:"jobId"  required:"true" description:"The job whose callback to call again."`
}

// redeliverCallback calls the callback of an ended job again. It responds before the callback was called.
func (s *Server) redeliverCallback(c *gin.Context, call request[redeliverRequest]) {
	result, err := s.jobs.Redeliver(c.Request.Context(), call.caller, call.fields.JobID)
	if err != nil {
		s.respondError(c, err)

		return
	}

	c.JSON(http.StatusOK, envelope{Status: "success", Result: result})
}
