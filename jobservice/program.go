package jobservice

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/scenario/validation"
)

// maxInput is the largest input of a job, in bytes. Temporal's limit is 2 MiB; the rest is for the checkpoint that a job adds
// when it continues as new.
const maxInput = 1_400_000

// jobInput is the input of a job, ready to be sent.
type jobInput struct {
	job.Input // Without its program.

	hasScenario bool   // Whether it runs a scenario, rather than a single operation.
	description string // Of the scenario.
	version     string // The [job.ProgramVersion]; empty without a scenario.
	encoded     []byte // The whole input as JSON.
	checkpoint  []byte // The state in which it continues another job, as JSON; nil if it does not.
}

// arguments returns the arguments of the job's workflow.
func (i *jobInput) arguments() []any {
	arguments := []any{rawJSON(i.encoded)}
	if i.checkpoint != nil {
		arguments = append(arguments, rawJSON(i.checkpoint))
	}

	return arguments
}

// rawJSON returns an argument that is encoded already.
func rawJSON(encoded []byte) converter.RawValue {
	return converter.NewRawValue(&commonpb.Payload{
		Metadata: map[string][]byte{converter.MetadataEncoding: []byte(converter.MetadataEncodingJSON)}, Data: encoded,
	})
}

// input returns the job's input: the pinned program with its bound parameters. It checks that the input is not too large.
func (e *execution) input() (*jobInput, error) {
	input := &jobInput{Input: job.Input{
		Caller: e.Caller.Access.Name, Labels: e.Labels, AppID: e.Caller.App.ID, Slot: slotUse(e.Caller.App.Quota),
	}}

	listeners, err := e.listeners()
	if err != nil {
		return nil, err
	}

	input.Listeners = listeners

	program, err := e.program(input)
	if err != nil {
		return nil, err
	}

	input.Secrets = e.secrets

	if input.encoded, err = input.Encode(program); err != nil {
		return nil, err
	}

	return input, checkSize(input.encoded)
}

// checkSize returns an error if the input of a job is too large.
func checkSize(encoded []byte) error {
	if len(encoded) <= maxInput {
		return nil
	}

	return NewError(CodeRequestTooLarge,
		"the scenario with its parameters has %d bytes, more than the %d that a job can have; store large data in a source",
		len(encoded), maxInput)
}

// program pins the program of the job, and sets the input's other fields. It returns the program as JSON.
func (e *execution) program(input *jobInput) (json.RawMessage, error) {
	step, err := validation.ParseOperation(e.Operation, e.Caller.App.Environment())
	if problems, ok := errors.AsType[problem.List](err); ok {
		return nil, WithProblems(CodeRequestInvalid, under("operation", problems))
	}

	if err != nil {
		return nil, err
	}

	if step.OpName == scenario.OpRunScenario {
		return e.scenario(input, step)
	}

	input.Scenario = step.OpName

	return e.single(step)
}

// placeOfParameters is where the parameters are in the request for a job.
const placeOfParameters = "operation.opParams." + fieldParameters

// scenario pins the scenario of the call and binds its parameters.
func (e *execution) scenario(input *jobInput, step scenario.Step) (json.RawMessage, error) {
	if problems := stepOnlyFields(e.Operation, step.OpParams); len(problems) > 0 {
		return nil, WithProblems(CodeRequestInvalid, under("operation", problems))
	}

	params, err := scenario.Decode[scenario.RunScenario](step.OpParams)
	if err != nil {
		return nil, err
	}

	pinned, err := e.Caller.pin(params.Scenario)
	if err != nil {
		return nil, err
	}

	var problems problem.List

	input.Scenario, input.hasScenario, input.description = pinned.Name, true, pinned.Scenario.Description
	input.version = job.ProgramVersion(pinned.Program)

	if input.Parameters, err = pinned.Scenario.Bind(params.Parameters); errors.As(err, &problems) {
		return nil, WithProblems(CodeRequestInvalid, under(placeOfParameters, problems))
	}

	if err != nil {
		return nil, err
	}

	return pinned.Program, e.seal(placeOfParameters, pinned.Scenario, input.Parameters)
}

// single pins the program of a job that executes one operation, which is the only step of a generated scenario.
func (e *execution) single(step scenario.Step) (json.RawMessage, error) {
	library, err := e.Caller.App.Library()
	if err != nil {
		return nil, err
	}

	var problems problem.List

	entry := validation.Document{Scenario: scenario.Scenario{Steps: []scenario.Step{step}}}
	program, err := validation.NewProgram(step.OpName, entry, library)

	switch {
	case errors.As(err, &problems) && problems[0].File != "":
		return nil, WithProblems(CodeScenarioInvalid, problems)
	case errors.As(err, &problems):
		// The caller doesn't know the generated scenario.
		for i := range problems {
			problems[i].Path = strings.TrimPrefix(problems[i].Path, "steps[0].")
		}

		return nil, WithProblems(CodeRequestInvalid, under("operation", problems))
	case err != nil:
		return nil, err
	}

	return json.Marshal(program)
}

// stepOnlyFields returns a problem for each field that RunScenario accepts only as a step. The scenario of a call is the job
// itself: no scenario around it could skip it, time it out or continue after its failure.
func stepOnlyFields(operation, opParams jsonvalue.Object) (problems problem.List) {
	add := func(in jsonvalue.Object, prefix string, names ...string) {
		for _, name := range names {
			if _, given := in[name]; given {
				problems = append(problems, problem.Problem{
					Code: problem.CodeValueInvalid, Path: prefix + name,
					Message: fmt.Sprintf("%s is only allowed where RunScenario is a step of a scenario; remove it", name),
				})
			}
		}
	}

	add(operation, "", "condition", "timeout", "onError")
	add(opParams, "opParams.", "inline", "addResults")

	return problems
}

// pin pins a scenario of the caller's app.
func (c Caller) pin(name string) (*app.Pinned, error) {
	var problems problem.List

	pinned, err := c.App.Pin(name)

	switch {
	case errors.Is(err, app.ErrNotFound):
		return nil, c.scenarioNotFound(name)
	case errors.As(err, &problems):
		return nil, WithProblems(CodeScenarioInvalid, problems)
	}

	return pinned, err
}

// scenarioNotFound returns an error that suggests a scenario with a similar name.
func (c Caller) scenarioNotFound(name string) error {
	names, err := c.App.ScenarioNames()
	if err != nil {
		return err
	}

	return NewError(CodeScenarioNotFound, "app %s has no scenario %s; %s", c.App.ID, name, problem.Suggest(name, names))
}

// under prefixes the paths of problems with a path in the request.
func under(place string, problems problem.List) problem.List {
	for i := range problems {
		if problems[i].Path == "" {
			problems[i].Path = place
		} else {
			problems[i].Path = fmt.Sprintf("%s.%s", place, problems[i].Path)
		}
	}

	return problems
}
