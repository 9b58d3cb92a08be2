package apiserver

import (
	"context"

	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// jobRequest has the fields of calls that need nothing but a job.
type jobRequest struct {
	APIKey string `json:"apiKey" description:"The caller's key."`
	AppID  string `json:"appId"  required:"true" description:"The app that the job belongs to."`
	JobID  string `json:"jobId"  required:"true" description:"The job."`
}

// stopJob requests that a job stops. It responds as soon as Temporal has accepted the request, before the job has stopped.
func (s *Server) stopJob(ctx context.Context, call request[jobRequest]) (jobservice.Stop, error) {
	return s.jobs.Stop(ctx, call.caller, call.fields.JobID)
}

// pauseJob pauses a job.
func (s *Server) pauseJob(ctx context.Context, call request[jobRequest]) (jobservice.Pause, error) {
	return s.jobs.Pause(ctx, call.caller, call.fields.JobID)
}

// resumeJob resumes a paused job.
func (s *Server) resumeJob(ctx context.Context, call request[jobRequest]) (jobservice.Pause, error) {
	return s.jobs.Resume(ctx, call.caller, call.fields.JobID)
}

// redeliverCallback calls the callback of an ended job again.
func (s *Server) redeliverCallback(ctx context.Context, call request[jobRequest]) (jobservice.Redelivery, error) {
	return s.jobs.Redeliver(ctx, call.caller, call.fields.JobID)
}

// signalRequest has the fields of signalJob.
type signalRequest struct {
	APIKey   string          `json:"apiKey"   description:"The caller's key."`
	AppID    string          `json:"appId"    required:"true" description:"The app that the job belongs to."`
	JobID    string          `json:"jobId"    required:"true" description:"The job that receives the signal."`
	Signal   string          `json:"signal"   required:"true" description:"The signal's name."`
	Data     jsonvalue.Value `json:"data"     description:"The value of the step that waits for the signal."`
	SignalID string          `json:"signalId" description:"Identifies the signal, so that a repeated call takes effect once."`
}

// signalJob sends a signal to a running job.
func (s *Server) signalJob(ctx context.Context, call request[signalRequest]) (jobservice.SignalAccepted, error) {
	return s.jobs.Signal(ctx, call.caller, jobservice.Signal{
		JobID: call.fields.JobID, Name: call.fields.Signal, Data: call.fields.Data, ID: call.fields.SignalID,
	})
}
