package client

import (
	"cmp"
	"context"

	"github.com/google/uuid"

	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Stop requests that a job stops. It does not wait for the end of the job.
func (c *Client) Stop(ctx context.Context, appID, jobID string) (*jobservice.Stop, error) {
	return result[jobservice.Stop](ctx, c, repeatable("stopJob", fields{"appId": appID, "jobId": jobID}))
}

// Pause makes a job begin no step until it is resumed.
func (c *Client) Pause(ctx context.Context, appID, jobID string) (*jobservice.Pause, error) {
	return result[jobservice.Pause](ctx, c, repeatable("pauseJob", fields{"appId": appID, "jobId": jobID}))
}

// Resume ends the pause of a job.
func (c *Client) Resume(ctx context.Context, appID, jobID string) (*jobservice.Pause, error) {
	return result[jobservice.Pause](ctx, c, repeatable("resumeJob", fields{"appId": appID, "jobId": jobID}))
}

// Redeliver calls the callback of an ended job again. It does not wait for the call.
func (c *Client) Redeliver(ctx context.Context, appID, jobID string) (*jobservice.Redelivery, error) {
	return result[jobservice.Redelivery](ctx, c, call{name: "redeliverCallback", body: fields{"appId": appID, "jobId": jobID}})
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
	return result[jobservice.Deletions](ctx, c, repeatable("deleteJob", request))
}

// Signal is a signal to a job.
type Signal struct {
	App   string          `json:"appId"`
	JobID string          `json:"jobId"`
	Name  string          `json:"signal"`
	Data  jsonvalue.Value `json:"data"`     // The value of the step that waits for the signal.
	ID    string          `json:"signalId"` // Makes a repeated signal take effect once. Empty for a new one.
}

// Signal sends a signal to a running job.
func (c *Client) Signal(ctx context.Context, signal Signal) (*jobservice.SignalAccepted, error) {
	signal.ID = cmp.Or(signal.ID, uuid.NewString())

	return result[jobservice.SignalAccepted](ctx, c, repeatable("signalJob", signal))
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

// Retry runs an ended job again, whole or from one of its steps. A repeated call finds the same job.
func (c *Client) Retry(ctx context.Context, retry Retry) (*jobservice.JobRetried, error) {
	return result[jobservice.JobRetried](ctx, c, repeatable("retryJob", retry))
}
