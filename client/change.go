package client

import (
	"cmp"
	"context"

	"github.com/google/uuid"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// jobRequest has the fields of calls about one job.
type jobRequest struct {
	App   string `json:"appId"`
	JobID string `json:"jobId"`
}

// Stop requests that a job stops. It does not wait for the end of the job.
func (c *Client) Stop(ctx context.Context, appID, jobID string) (*jobservice.Stop, error) {
	return result[jobservice.Stop](ctx, c, call{name: "stopJob", fields: jobRequest{appID, jobID}, isRepeatable: true})
}

// Pause makes a job begin no step until it is resumed.
func (c *Client) Pause(ctx context.Context, appID, jobID string) (*jobservice.Pause, error) {
	return result[jobservice.Pause](ctx, c, call{name: "pauseJob", fields: jobRequest{appID, jobID}, isRepeatable: true})
}

// Resume ends the pause of a job.
func (c *Client) Resume(ctx context.Context, appID, jobID string) (*jobservice.Pause, error) {
	return result[jobservice.Pause](ctx, c, call{name: "resumeJob", fields: jobRequest{appID, jobID}, isRepeatable: true})
}

// Redeliver calls the callback of an ended job again. It does not wait for the call.
func (c *Client) Redeliver(ctx context.Context, appID, jobID string) (*jobservice.Redelivery, error) {
	return result[jobservice.Redelivery](ctx, c, call{name: "redeliverCallback", fields: jobRequest{appID, jobID}})
}

// Delete asks to delete ended jobs.
type Delete struct {
	App         string            `json:"appId"`
	JobID       string            `json:"jobId,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`      // Instead of JobID: labels that all the ended jobs have.
	DryRun      bool              `json:"dryRun,omitempty"`      // Whether to only return what would be deleted.
	WaitSeconds *int              `json:"waitSeconds,omitempty"` // How long to wait for the end; nil for the server's default.
}

// Delete deletes ended jobs with all that they have left. It returns before all are deleted if that takes long; a repeated call
// finds the deletions that the first one has started.
func (c *Client) Delete(ctx context.Context, request Delete) (*jobservice.Deletions, error) {
	return result[jobservice.Deletions](ctx, c, call{name: "deleteJob", fields: request, isRepeatable: true})
}

// Signal is a signal to a job.
type Signal struct {
	App   string          `json:"appId"`
	JobID string          `json:"jobId"`
	Name  string          `json:"signal"`
	Data  jsonvalue.Value `json:"data"`     // The value of the step that waits for the signal.
	ID    string          `json:"signalId"` // Makes a repeated signal take effect once. Empty for a new one.
}

// SignalAccepted is what became of a signal.
type SignalAccepted struct {
	JobID   string `json:"jobId"`
	Signal  string `json:"signal"`
	Awaited bool   `json:"awaited"` // Whether a step waited for it; otherwise the job stores it for a later step.
}

// Signal sends a signal to a running job.
func (c *Client) Signal(ctx context.Context, signal Signal) (*SignalAccepted, error) {
	signal.ID = cmp.Or(signal.ID, uuid.NewString())

	return result[SignalAccepted](ctx, c, call{name: "signalJob", fields: signal, isRepeatable: true})
}

// Retry asks to run an ended job again.
type Retry struct {
	App      string `json:"appId"`
	JobID    string `json:"jobId"`
	NewJobID string `json:"newJobId,omitempty"` // Empty for one that the server derives from the JobID.
	FromStep string `json:"fromStep,omitempty"` // The path of the step to begin with, or failed. Empty for all steps.
	DryRun   bool   `json:"dryRun,omitempty"`   // Whether to only return what would run.

	Parameters jsonvalue.Object `json:"parameters,omitempty"` // In place of those of the ended job with the same names.
}

// Retried is the job that a [Retry] has started or, of a dry run, would start.
type Retried struct {
	JobID   string `json:"jobId"`
	RetryOf string `json:"retryOf"`

	// Of a dry run.
	DryRun      bool              `json:"dryRun,omitempty"`
	Interrupted []string          `json:"interrupted,omitempty"` // The steps without an outcome, which run again.
	Steps       []job.PlannedStep `json:"steps,omitempty"`
}

// Retry runs an ended job again, whole or from one of its steps. A repeated call finds the same job.
func (c *Client) Retry(ctx context.Context, retry Retry) (*Retried, error) {
	return result[Retried](ctx, c, call{name: "retryJob", fields: retry, isRepeatable: true})
}
