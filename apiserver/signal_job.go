package apiserver

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// signalRequest has the fields of signalJob.
type signalRequest struct {
	APIKey   string          `json:"apiKey"   description:"The caller's key."`
	AppID    string          `json:"appId"    required:"true" description:"The app that the job belongs to."`
	JobID    string          `json:"jobId"    required:"true" description:"The job that receives the signal."`
	Signal   string          `json:"signal"   required:"true" description:"The signal's name."`
	Data     jsonvalue.Value `json:"data"     description:"The value of the step that waits for the signal."`
	SignalID string          `json:"signalId" description:"Identifies the signal, so that a repeated call takes effect once."`
}

// signalAccepted is the result of signalJob.
type signalAccepted struct {
	JobID   string `json:"jobId"   description:"The job."`
	Signal  string `json:"signal"  description:"The signal's name."`
	Awaited bool   `json:"awaited" description:"Whether a step waited for it; otherwise the job stores it for a later step."`
}

// signalJob sends a signal to a running job.
func (s *Server) signalJob(c *gin.Context, call request[signalRequest]) {
	fields := call.fields

	taken, err := s.jobs.Signal(c.Request.Context(), call.caller, jobservice.Signal{
		JobID: fields.JobID, Name: fields.Signal, Data: fields.Data, ID: fields.SignalID,
	})
	if err != nil {
		s.respondError(c, err)

		return
	}

	c.JSON(http.StatusOK, envelope{Status: "success", Result: signalAccepted{
		JobID: fields.JobID, Signal: fields.Signal, Awaited: taken.Awaited,
	}})
}
