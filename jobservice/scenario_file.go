package jobservice

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/problem"
)

// ScenarioFile is a scenario with its file, and with what belongs to it.
type ScenarioFile struct {
	Scenario

	File string `json:"file" description:"The path of the scenario's file in the folder of the app."`
	Text string `json:"text" description:"The text of this file. It refers to secrets and does not contain them."`

	Runs      []string          `json:"runs" description:"The other scenarios that a job of this one may run, directly or through others; empty if the scenario has mistakes."`
	Schedules []string          `json:"schedules" description:"The schedules that run the scenario."`
	Tests     []app.Test        `json:"tests" description:"The tests of the scenario, in files whose names end with _test.yaml."`
	Unread    []problem.Problem `json:"unreadTests,omitempty" description:"The test files that are not valid YAML: their tests are missing."`
}

// ScenarioFile returns a scenario that the caller may run, valid or not, with the text of its file. A caller who may run a
// scenario may read it: its lineage and its errors show the same, and its secrets are in the environment of the workers.
func (s *Service) ScenarioFile(caller Caller, name string, withLineage bool) (*ScenarioFile, error) {
	if !caller.Access.MayRun(name) {
		return nil, caller.forbidden("run the scenario %q", name)
	}

	found, err := s.scenario(caller, name, withLineage)
	if err != nil {
		return nil, err
	}

	file, text, err := caller.App.ScenarioFile(name)
	if err != nil {
		return nil, err
	}

	described := &ScenarioFile{
		Scenario: found, File: file, Text: string(text), Runs: []string{}, Schedules: []string{}, Tests: []app.Test{},
	}

	for _, schedule := range caller.App.Schedules {
		if schedule.Scenario == name {
			described.Schedules = append(described.Schedules, schedule.Name)
		}
	}

	tests, unread, err := caller.App.Tests(name)
	if err != nil {
		return nil, err
	}

	described.Tests, described.Unread = append(described.Tests, tests...), unread

	if described.Valid {
		described.Runs, err = runsOf(caller, name)
	}

	return described, err
}

// runsOf returns the other scenarios that a valid scenario may run, in the order of their names.
func runsOf(caller Caller, name string) ([]string, error) {
	pinned, err := caller.pin(name)
	if err != nil {
		return nil, err
	}

	var program scenario.Program
	if err := json.Unmarshal(pinned.Program, &program); err != nil {
		return nil, err
	}

	delete(program.Scenarios, name)

	return append([]string{}, slices.Sorted(maps.Keys(program.Scenarios))...), nil
}
