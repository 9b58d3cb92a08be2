package activities_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// variables stands in for the workflow of an app's variables. Each value passes through Temporal's data converter.
type variables struct {
	client.Client // No other method is called.

	fails, refuses error // What every call, or every setting, ends with.

	mutex    sync.Mutex
	settings []setting
}

// setting is a setting that was sent to Temporal.
type setting struct {
	start    client.StartWorkflowOptions
	workflow any
	update   client.UpdateWorkflowOptions
	variable job.Variable
}

func (v *variables) NewWithStartWorkflowOperation(
	options client.StartWorkflowOptions, workflow any, _ ...any,
) client.WithStartWorkflowOperation {
	return &starting{options: options, workflow: workflow}
}

func (v *variables) UpdateWithStartWorkflow(
	_ context.Context, options client.UpdateWithStartWorkflowOptions,
) (client.WorkflowUpdateHandle, error) {
	if v.fails != nil {
		return nil, v.fails
	}

	start := options.StartWorkflowOperation.(*starting)
	sent := setting{start: start.options, workflow: start.workflow, update: options.UpdateOptions}

	data := converter.GetDefaultDataConverter()

	payload, err := data.ToPayload(options.UpdateOptions.Args[0])
	if err != nil {
		return nil, err
	}

	if err := data.FromPayload(payload, &sent.variable); err != nil {
		return nil, err
	}

	v.mutex.Lock()
	defer v.mutex.Unlock()

	if v.refuses == nil {
		v.settings = append(v.settings, sent)
	}

	return handle{err: v.refuses}, nil
}

func (v *variables) QueryWorkflow(
	_ context.Context, workflowID, _, queryType string, _ ...any,
) (converter.EncodedValue, error) {
	if v.fails != nil {
		return nil, v.fails
	}

	v.mutex.Lock()
	defer v.mutex.Unlock()

	values := jsonvalue.Object{}

	for _, sent := range v.settings {
		if sent.start.ID == workflowID && queryType == job.VariablesQuery {
			values[sent.variable.Name] = sent.variable.Value.Any
		}
	}

	if len(values) == 0 {
		return nil, serviceerror.NewNotFound("there is no such workflow")
	}

	payloads, err := converter.GetDefaultDataConverter().ToPayloads(values)

	return client.NewValue(payloads), err
}

// starting is a workflow that is started if it doesn't run yet.
type starting struct {
	options  client.StartWorkflowOptions
	workflow any
}

func (*starting) Get(context.Context) (client.WorkflowRun, error) { return nil, errors.ErrUnsupported }

// handle is an update that has ended.
type handle struct {
	client.WorkflowUpdateHandle

	err error
}

func (h handle) Get(context.Context, any) error { return h.err }

func TestSetVariableUpdatesTheWorkflowOfTheApp(t *testing.T) {
	t.Parallel()

	b := newBench(t)

	_, err := runAs[any](t, b, b.SetVariable, job.Variable{Name: "rate", Value: jsonvalue.Value{Any: 3.0}, ID: "nightly/2"})
	require.NoError(t, err)
	require.Len(t, b.temporal.settings, 1)

	sent := b.temporal.settings[0]
	require.Equal(t, job.VariablesWorkflow, sent.workflow)
	require.Equal(t, "app/7/variables", sent.start.ID)
	require.Equal(t, job.TaskQueue, sent.start.TaskQueue)
	require.Equal(t, enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING, sent.start.WorkflowIDConflictPolicy)
	require.Equal(t, job.SetVariableUpdate, sent.update.UpdateName)
	require.Equal(t, client.WorkflowUpdateStageCompleted, sent.update.WaitForStage)
	require.Equal(t, sent.variable.ID, sent.update.UpdateID)
	require.True(t, strings.HasSuffix(sent.variable.ID, "/nightly/2"), sent.variable.ID)
	require.Equal(t, "rate", sent.variable.Name)
	require.InDelta(t, 3.0, sent.variable.Value.Any, 0)
}

// Temporal limits IDs to 1,000 bytes, and the workflow of variables stores many.
func TestSetVariableLimitsTheUpdateID(t *testing.T) {
	t.Parallel()

	b := newBench(t)

	for _, id := range []string{strings.Repeat("é", 1000) + "/1", strings.Repeat("é", 1000) + "/2"} {
		_, err := runAs[any](t, b, b.SetVariable, job.Variable{Name: "n", ID: id})
		require.NoError(t, err)
	}

	require.NotEqual(t, b.temporal.settings[0].update.UpdateID, b.temporal.settings[1].update.UpdateID)
	require.LessOrEqual(t, len(b.temporal.settings[0].update.UpdateID), 200)
}

func TestSetVariableRefusalIsNonRetryable(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.temporal.refuses = temporal.NewApplicationError("the app's variable n has 20000 bytes", job.VariableRejected)

	_, err := runAs[any](t, b, b.SetVariable, job.Variable{Name: "n", ID: "nightly/2"})
	requireFailure(t, err, "limit_exceeded", false, "the app's variable n has 20000 bytes")
}

func TestUnreachableVariablesAreRetryable(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.temporal.refuses = temporal.NewApplicationError("the workflow continues as new", "AcceptedUpdateCompletedWorkflow")

	_, err := runAs[any](t, b, b.SetVariable, job.Variable{Name: "n", ID: "nightly/2"})
	requireFailure(t, err, "variable_store", true, "the app's variables can't be reached: the workflow continues as new")

	b.temporal.fails = serviceerror.NewUnavailable("connection refused")

	_, err = runAs[any](t, b, b.SetVariable, job.Variable{Name: "n", ID: "nightly/2"})
	requireFailure(t, err, "variable_store", true, "the app's variables can't be reached: connection refused")

	_, err = runAs[job.Found](t, b, b.LookUp, job.LookUp{Variables: []string{"n"}})
	requireFailure(t, err, "variable_store", true, "the app's variables can't be reached: connection refused")
}

func TestLookUpReturnsVariables(t *testing.T) {
	t.Parallel()

	b := newBench(t)

	found, err := runAs[job.Found](t, b, b.LookUp, job.LookUp{Variables: []string{"n", "rate"}})
	require.NoError(t, err)
	require.Empty(t, found.Variables)

	for name, value := range map[string]any{"n": int64(9007199254740993), "rate": 3.0, "none": nil, "other": "x"} {
		_, err := runAs[any](t, b, b.SetVariable, job.Variable{Name: name, Value: jsonvalue.Value{Any: value}, ID: name})
		require.NoError(t, err)
	}

	found, err = runAs[job.Found](t, b, b.LookUp, job.LookUp{Variables: []string{"n", "rate", "none", "never"}})
	require.NoError(t, err)
	require.Equal(t, jsonvalue.Object{"n": int64(9007199254740993), "rate": 3.0, "none": nil}, found.Variables)
}

func TestLookUpWithoutVariablesDoesNotQueryThem(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.temporal.fails = errors.New("an unexpected query")

	_, err := runAs[job.Found](t, b, b.LookUp, job.LookUp{Queries: []expression.Query{{Source: "stage", Query: "SELECT 1"}}})
	require.NoError(t, err)
}
