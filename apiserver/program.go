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
)

// maxInput is the size in bytes up to which a job's input is given to Temporal, which refuses one of 2 MiB. A job that
// continues as new adds where it stands.
const maxInput = 1_400_000

// input pins what the job is to run, binds its parameters, and makes sure that Temporal can hold it.
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
			"the scenario with its parameters has %d bytes, and a job can hold %d; put large data into a source",
			len(encoded), maxInput)
	}

	return input, nil
}

// program pins what the job is to run, and binds its parameters.
func (e *execution) program() (job.Input, error) {
	input := job.Input{AppID: e.app.ID}

	var problems scenario.Problems

	step, err := scenario.ParseOperation(e.operation, e.app.Surroundings())
	if errors.As(err, &problems) {
		return input, withProblems(http.StatusBadRequest, CodeRequestInvalid, under("operation", problems))
	}

	name, entry := step.OpName, scenario.Scenario{Steps: []scenario.Step{step}}
	isScenario := step.OpName == scenario.OpRunScenario

	if isScenario {
		if problems = ofStep(e.operation, step.OpParams); len(problems) > 0 {
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

	input.Program, err = scenario.NewProgram(name, entry, library)

	switch {
	case errors.As(err, &problems) && (isScenario || problems[0].File != ""):
		return input, withProblems(http.StatusUnprocessableEntity, CodeScenarioInvalid, problems)
	case errors.As(err, &problems):
		// The operation was made the only step of a scenario, of which its caller knows nothing.
		for i := range problems {
			problems[i].Path = strings.TrimPrefix(problems[i].Path, "steps[0].")
		}

		return input, withProblems(http.StatusBadRequest, CodeRequestInvalid, under("operation", problems))
	}

	return input, err
}

// ofStep finds what a RunScenario may say as a step of another scenario only. The scenario that a caller asks for is the job
// itself, and nothing is left around it that could be timed, skipped or survive its failure.
func ofStep(operation, opParams scenario.Params) (problems scenario.Problems) {
	find := func(in scenario.Params, prefix string, names ...string) {
		for _, name := range names {
			if _, given := in[name]; given {
				problems = append(problems, scenario.Problem{
					Code: scenario.CodeValueInvalid, Path: prefix + name,
					Message: fmt.Sprintf("%s is for a RunScenario that is a step of a scenario; leave it out", name),
				})
			}
		}
	}

	find(operation, "", "condition", "timeout", "onError")
	find(opParams, "opParams.", "inline", "addResults")

	return problems
}

// scenario reads the scenario that the call names, and binds its parameters.
func (e *execution) scenario(params scenario.RunScenario) (scenario.Scenario, scenario.Params, error) {
	var problems scenario.Problems

	entry, err := e.app.Scenario(params.Scenario)

	switch {
	case errors.Is(err, app.ErrNotFound):
		return entry, nil, e.noScenario(params.Scenario)
	case errors.As(err, &problems):
		return entry, nil, e.mistakes(params.Scenario, entry, problems)
	case err != nil:
		return entry, nil, err
	}

	bound, err := entry.Bind(params.Parameters)
	if errors.As(err, &problems) {
		err = withProblems(http.StatusBadRequest, CodeRequestInvalid, under("operation.opParams.parameters", problems))
	}

	return entry, bound, err
}

// mistakes adds to those of a scenario's file those that lie between it and others: its author mends all of them at once.
func (e *execution) mistakes(name string, entry scenario.Scenario, found scenario.Problems) error {
	library, err := e.app.Library()
	if err != nil {
		return err
	}

	var between scenario.Problems
	if _, err := scenario.NewProgram(name, entry, library); err != nil && !errors.As(err, &between) {
		return err
	}

	return withProblems(http.StatusUnprocessableEntity, CodeScenarioInvalid, append(found, between...))
}

func (e *execution) noScenario(name string) error {
	names, err := e.app.ScenarioNames()
	if err != nil {
		return err
	}

	return newError(http.StatusNotFound, CodeScenarioNotFound, "app %s has no scenario %s; %s",
		e.app.ID, name, scenario.Suggest(name, names))
}

// under puts the paths of problems below the place in the request that they are about.
func under(place string, problems scenario.Problems) scenario.Problems {
	for i := range problems {
		if problems[i].Path == "" {
			problems[i].Path = place
		} else {
			problems[i].Path = fmt.Sprintf("%s.%s", place, problems[i].Path)
		}
	}

	return problems
}
