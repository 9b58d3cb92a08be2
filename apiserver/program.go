package apiserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

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

// input returns the job's input: the pinned program with its bound parameters. It checks that the input is not too large.
func (e *execution) input() (job.Input, error) {
	input, err := e.program()
	if err != nil {
		return input, err
	}

	encoded, err := json.Marshal(input)
	if err != nil {
		return input, err
	}

	if len(encoded) > maxInput {
		return input, newError(http.StatusRequestEntityTooLarge, CodeRequestTooLarge,
			"the scenario with its parameters has %d bytes, more than the %d that a job can have; store large data in a source",
			len(encoded), maxInput)
	}

	return input, nil
}

// program pins the program of the job and binds its parameters.
func (e *execution) program() (job.Input, error) {
	input := job.Input{Caller: e.caller, Labels: e.labels, AppID: e.app.ID}

	var problems problem.List

	step, err := validation.ParseOperation(e.operation, e.app.Environment())
	if errors.As(err, &problems) {
		return input, withProblems(http.StatusBadRequest, CodeRequestInvalid, under("operation", problems))
	}

	name, entry := step.OpName, validation.Document{Scenario: scenario.Scenario{Steps: []scenario.Step{step}}}
	isScenario := step.OpName == scenario.OpRunScenario

	if isScenario {
		if problems = stepOnlyFields(e.operation, step.OpParams); len(problems) > 0 {
			return input, withProblems(http.StatusBadRequest, CodeRequestInvalid, under("operation", problems))
		}

		params, err := scenario.Decode[scenario.RunScenario](step.OpParams)
		if err != nil {
			return input, err
		}

		name = params.Scenario
		if entry, input.Parameters, err = e.scenario(params); err != nil {
			return input, err
		}
	}

	library, err := e.app.Library()
	if err != nil {
		return input, err
	}

	input.Scenario, input.Secrets = name, e.secrets
	input.Program, err = validation.NewProgram(name, entry, library)

	switch {
	case errors.As(err, &problems) && (isScenario || problems[0].File != ""):
		return input, withProblems(http.StatusUnprocessableEntity, CodeScenarioInvalid, problems)
	case errors.As(err, &problems):
		// The operation is the only step of a generated scenario, which the caller doesn't know.
		for i := range problems {
			problems[i].Path = strings.TrimPrefix(problems[i].Path, "steps[0].")
		}

		return input, withProblems(http.StatusBadRequest, CodeRequestInvalid, under("operation", problems))
	}

	return input, err
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

// scenario reads the scenario of the call and binds its parameters.
func (e *execution) scenario(params scenario.RunScenario) (validation.Document, jsonvalue.Object, error) {
	var problems problem.List

	entry, err := e.app.Scenario(params.Scenario)

	switch {
	case errors.Is(err, app.ErrNotFound):
		return entry, nil, e.scenarioNotFound(params.Scenario)
	case errors.As(err, &problems):
		return entry, nil, e.scenarioInvalid(params.Scenario, entry, problems)
	case err != nil:
		return entry, nil, err
	}

	bound, err := entry.Bind(params.Parameters)
	if errors.As(err, &problems) {
		return entry, nil, withProblems(http.StatusBadRequest, CodeRequestInvalid,
			under("operation.opParams.parameters", problems))
	}

	if err != nil {
		return entry, nil, err
	}

	return entry, bound, e.seal(entry.Scenario, bound)
}

// scenarioInvalid returns an error with the problems of the scenario's file and of the calls between scenarios, so that the
// author sees all of them at once.
func (e *execution) scenarioInvalid(name string, entry validation.Document, found problem.List) error {
	library, err := e.app.Library()
	if err != nil {
		return err
	}

	var between problem.List
	if _, err := validation.NewProgram(name, entry, library); err != nil && !errors.As(err, &between) {
		return err
	}

	return withProblems(http.StatusUnprocessableEntity, CodeScenarioInvalid, append(found, between...))
}

// scenarioNotFound returns an error that suggests a scenario with a similar name.
func (e *execution) scenarioNotFound(name string) error {
	names, err := e.app.ScenarioNames()
	if err != nil {
		return err
	}

	return newError(http.StatusNotFound, CodeScenarioNotFound, "app %s has no scenario %s; %s",
		e.app.ID, name, problem.Suggest(name, names))
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
