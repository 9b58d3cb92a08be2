// Command nexus-caller is a workflow of another team that runs a scenario as one of its steps, by Nexus. It prints what the
// scenario returned. If it is killed, the next one with the same -id continues.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

const taskQueue = "nexus-caller"

// Call is the input of the workflow.
type Call struct {
	Endpoint string  `json:"endpoint"`
	Request  Request `json:"request"`
}

// Request is the input of the operation run-scenario. The parameters are JSON, so that large integers stay exact.
type Request struct {
	AppID      string          `json:"appId"`
	Scenario   string          `json:"scenario"`
	Parameters json.RawMessage `json:"parameters,omitempty"`
}

// Outcome has the fields of the operation's result that this workflow uses.
type Outcome struct {
	Value json.RawMessage `json:"value"` // What the step Return of the scenario returned.
}

// Report runs the scenario, and returns what it returned.
func Report(ctx workflow.Context, call Call) (json.RawMessage, error) {
	var outcome Outcome

	jobwright := workflow.NewNexusClient(call.Endpoint, "jobwright")
	err := jobwright.ExecuteOperation(ctx, "run-scenario", call.Request, workflow.NexusOperationOptions{
		ScheduleToCloseTimeout: 24 * time.Hour,
		Summary:                call.Request.Scenario,
	}).Get(ctx, &outcome)

	return outcome.Value, err
}

func main() {
	id := flag.String("id", "report", "ID of the workflow")
	endpoint := flag.String("endpoint", "jobwright", "name of the Nexus endpoint")
	app := flag.String("app", "7", "ID of the app")
	scenario := flag.String("scenario", "Main", "name of the scenario")
	parameters := flag.String("parameters", "{}", "parameters of the scenario, in JSON")
	flag.Parse()

	request := Request{AppID: *app, Scenario: *scenario, Parameters: json.RawMessage(*parameters)}
	if err := run(*id, Call{Endpoint: *endpoint, Request: request}); err != nil {
		slog.Error("the scenario returned nothing", "error", err)
		os.Exit(1)
	}
}

// run runs the workflow with that ID in this process, or continues the one that another process has begun.
func run(id string, call Call) error {
	temporal, err := client.Dial(envconfig.MustLoadDefaultClientOptions())
	if err != nil {
		return err
	}
	defer temporal.Close()

	workflows := worker.New(temporal, taskQueue, worker.Options{})
	workflows.RegisterWorkflow(Report)

	if err := workflows.Start(); err != nil {
		return err
	}
	defer workflows.Stop()

	report, err := temporal.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{
		ID: id, TaskQueue: taskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, Report, call)
	if err != nil {
		return err
	}

	var value json.RawMessage
	if err := report.Get(context.Background(), &value); err != nil {
		return err
	}

	_, err = fmt.Fprintf(os.Stdout, "The scenario returned %s\n", value)

	return err
}
