package client

import (
	"cmp"
	"context"

	"github.com/google/uuid"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Execution is a job to start.
type Execution struct {
	App       string               `json:"appId"`
	Operation Operation            `json:"operation"`
	JobID     string               `json:"jobId"` // Empty for a new one.
	Labels    map[string]string    `json:"labels,omitempty"`
	Priority  int                  `json:"priority,omitempty"` // From 1, first, to 5; 0 for the default, 3.
	Callback  *app.CallbackRequest `json:"callback,omitempty"` // nil for that of app.yaml.
}

// Operation is an operation of a job.
type Operation struct {
	Name       string           `json:"opName"`
	Parameters jsonvalue.Object `json:"opParams"`
}

// RunScenario returns the operation that runs a scenario.
func RunScenario(name string, parameters jsonvalue.Object) Operation {
	if parameters == nil {
		parameters = jsonvalue.Object{}
	}

	return Operation{Name: scenario.OpRunScenario, Parameters: jsonvalue.Object{
		"scenario": name, "parameters": map[string]any(parameters),
	}}
}

// Execute starts a job and returns its jobId, without waiting for its end. It chooses the jobId before the call, so that a call
// whose response is lost finds its job when it is repeated.
func (c *Client) Execute(ctx context.Context, execution Execution) (jobID string, err error) {
	execution.JobID = cmp.Or(execution.JobID, uuid.NewString())

	var started struct {
		JobID string `json:"jobId"`
	}

	err = c.call(ctx, repeatable("executeJob", execution), &started)

	return cmp.Or(started.JobID, execution.JobID), err
}
