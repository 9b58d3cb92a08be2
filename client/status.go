package client

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Status is the status of a job: of one that has not ended, or of one that has.
type Status struct {
	JobID   string    `json:"jobId"`
	Status  job.State `json:"status"`
	Version int64     `json:"version,omitempty"` // It grows with every change of the status.

	// Code and Message say why a job did not complete. The message of a job that has not ended says why the status has only what
	// Temporal knows about it, if no worker responds.
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`

	App        string            `json:"app,omitempty"`
	Scenario   string            `json:"scenario,omitempty"` // The job of a single operation has none.
	Caller     string            `json:"caller,omitempty"`   // The name of the access whose key started the job.
	Labels     map[string]string `json:"labels,omitempty"`
	Priority   int               `json:"priority,omitempty"` // Missing if it is 3.
	Parameters jsonvalue.Object  `json:"parameters,omitempty"`
	StartedAt  time.Time         `json:"startedAt,omitzero"`
	EndedAt    *time.Time        `json:"endedAt,omitempty"` // Of a job that has ended.
	RetryOf    string            `json:"retryOf,omitempty"` // The ended job that this one runs again or continues.

	// ProgramVersion is the same for jobs whose scenario, with everything that it can run, was the same when they started.
	ProgramVersion string `json:"programVersion,omitempty"`

	StoppedBy string              `json:"stoppedBy,omitempty"` // The name of the access that stops, or has stopped, the job.
	Paused    *job.Pause          `json:"paused,omitempty"`    // Of a paused job.
	Steps     []job.StepStatus    `json:"steps,omitempty"`
	Signals   []job.AwaitedSignal `json:"signals,omitempty"` // The signals that the job waits for.
	Callbacks []job.Delivery      `json:"callbacks,omitempty"`

	// Of a job that has failed.
	Step     *job.StepPlace `json:"step,omitempty"`
	Attempts int32          `json:"attempts,omitempty"` // Of the step that failed.
	Trace    []string       `json:"trace,omitempty"`    // The places from that step to the outermost step around it.
	Causes   []string       `json:"causes,omitempty"`

	Value   json.RawMessage `json:"value,omitempty"`   // The value that the scenario returned.
	Results []Result        `json:"results,omitempty"` // Of a job that has ended; [Client.Watch] omits them.
}

// Ended reports whether the job has ended.
func (s *Status) Ended() bool {
	return s.Status == job.Completed || s.Status == job.CompletedWithError || s.Status == job.Stopped
}

// StatusRequest asks for the status of a job.
type StatusRequest struct {
	App   string `json:"appId"`
	JobID string `json:"jobId"`

	// After is the version that the caller knows, to wait for another one. Without it, WaitSeconds is for the end of the job.
	After       *int64 `json:"after,omitempty"`
	WaitSeconds int64  `json:"waitSeconds,omitempty"` // How long the call waits, up to 3600 seconds.

	// The results of an ended job. By default, the response has all records of all results.
	ResultName *string `json:"resultName,omitempty"` // nil for all results.
	Offset     *int64  `json:"offset,omitempty"`     // The index of the first record of each result.
	Limit      *int64  `json:"limit,omitempty"`      // The maximum number of records of each result.
}

// Status returns the status of a job and, if it has ended, its results. [Client.Current] returns it without results.
func (c *Client) Status(ctx context.Context, request StatusRequest) (*Status, error) {
	var status Status

	err := c.call(ctx, repeatable("getJobStatus", request), &status)

	return &status, err
}

// Current returns the current status of a job, without results.
func (c *Client) Current(ctx context.Context, appID, jobID string) (*Status, error) {
	for status, err := range c.Watch(ctx, appID, jobID, 0) {
		return status, err
	}

	return nil, ctx.Err() // Unreachable: a watch sends the status that its caller does not know.
}

// Await waits for the end of a job, and returns its status without results.
func (c *Client) Await(ctx context.Context, appID, jobID string) (*Status, error) {
	var last *Status

	for status, err := range c.Watch(ctx, appID, jobID, 0) {
		if err != nil {
			return last, err
		}

		last = status
	}

	return last, nil
}
