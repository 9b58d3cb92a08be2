package workflows

import (
	"encoding/json"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// dataStep runs a data operation as the activity of its name.
func (m *machine) dataStep(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	request, err := m.dataRequest(ctx, s)
	if err != nil {
		return nil, err
	}

	query, isQuery := request.operation.(scenario.Transform)
	call := activityCall{
		name: s.OpName, id: s.instance, timeout: s.Timeout, isQuery: isQuery && query.TargetTable == "",
	}

	var outcome job.StepOutcome
	if err := m.call(ctx, s, call, request, &outcome); err != nil {
		return rejectedBefore(err), err
	}

	if err := checkSize("the step's value", outcome.Value.Any); err != nil {
		return nil, err
	}

	if outcome.Result != nil {
		if err := m.addResults(s, *outcome.Result); err != nil {
			return nil, err
		}
	}

	m.tracker.setConversions(s.path, outcome.Conversions)

	if load, ok := request.operation.(scenario.LoadTableFromSource); ok && load.DropSource {
		if err := m.dropSource(ctx, s, load, outcome); err != nil {
			return nil, err
		}
	}

	return dataOutcome(s.OpName, outcome), nil
}

// dataOutcome returns the outcome of a data operation as expressions read it.
func dataOutcome(opName string, outcome job.StepOutcome) jsonvalue.Object {
	object := jsonvalue.Object{"rows": outcome.Rows, "value": outcome.Value.Any}
	if opName == scenario.OpLoadTableFromSource {
		object["rejected"] = outcome.Rejected
	}

	return object
}

// rejectedBefore returns the outcome of a load that has failed because it rejected too many records, or nil if it has failed
// for another reason.
func rejectedBefore(err error) jsonvalue.Object {
	failed, isFailure := asFailure(err)
	if !isFailure || failed.Rejected == 0 {
		return nil
	}

	return jsonvalue.Object{"rejected": failed.Rejected}
}

// dataRequest is the request to the activity of a data operation: the operation's struct. Its JSON has the fields that the
// scenario sets, and no others.
type dataRequest struct {
	operation any              // A [scenario.Transform] for example.
	params    jsonvalue.Object // The same as the scenario sets it; nil if the interpreter has changed the operation.
	isExact   bool             // Whether operation is what an activity reads from the JSON, and shares nothing with params.
	sources   []string         // The names of the sources that it uses.
}

// MarshalJSON writes the parameters of the operation.
func (r dataRequest) MarshalJSON() ([]byte, error) {
	if r.params == nil {
		return json.Marshal(r.operation)
	}

	return json.Marshal(r.params)
}

// dataRequest resolves the parameters of a data operation.
func (m *machine) dataRequest(ctx workflow.Context, s *step) (dataRequest, error) {
	params, err := m.resolveParams(ctx, s)
	if err != nil {
		return dataRequest{}, err
	}

	definition, ok := scenario.OperationNamed(s.OpName)
	if !ok {
		return dataRequest{}, failedWith(job.CodeInternal, "unknown operation %s", s.OpName)
	}

	copied, isExact := jsonvalue.Copy(params)
	if !isExact {
		copied = map[string]any(params)
	}

	var sources []string
	for _, use := range definition.SourceUses(params) {
		sources = append(sources, use.Source)
	}

	operation, err := definition.Decode(copied.(map[string]any)) //nolint:forcetypeassert // The copy of an object is one.
	if script, ok := operation.(scenario.RunSourceScript); ok && script.ScriptFile != "" {
		script.Script = m.input.Program.Files[script.ScriptFile]
		operation, params, isExact = script, nil, false
	}

	return dataRequest{operation: operation, params: params, isExact: isExact, sources: sources}, err
}

// dropSource drops the table that a step has loaded, or the files of it that were read. It is an activity of its own,
// because the load could not be retried after the table is gone.
func (m *machine) dropSource(
	ctx workflow.Context, s *step, load scenario.LoadTableFromSource, outcome job.StepOutcome,
) error {
	table := job.SourceTable{Source: load.Source, Space: load.Space, Table: load.Table, Parts: outcome.Read}

	var dropped job.Dropped
	if err := m.callAuxiliary(ctx, s, activityCall{name: job.DropTableActivity}, table, &dropped); err != nil {
		return err
	}

	m.tracker.addKept(s.path, dropped.Kept)

	return nil
}
