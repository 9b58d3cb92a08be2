package scenariotest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/problem"
)

// mock defines the outcomes of the calls of a step, or of a query.
type mock struct {
	mockDefinition

	used int // The number of calls so far.
}

// next returns the outcome of the next call. The last outcome is repeated.
func (m *mock) next() callOutcome {
	outcome := m.peek()
	m.used++

	return outcome
}

// peek returns the outcome that next will return.
func (m *mock) peek() callOutcome {
	if len(m.Calls) == 0 {
		return m.callOutcome
	}

	return m.Calls[min(m.used+1, len(m.Calls))-1]
}

// place is a step of a program with its path.
type place struct {
	path string // In the scenario, without the rounds of loops.
	step scenario.Step
}

// placesOf returns the steps of a scenario and of the scenarios that it runs inline.
func placesOf(program scenario.Program, prefix string, steps []scenario.Step) []place {
	var places []place

	for i, step := range steps {
		path := fmt.Sprintf("%s%d", prefix, i+1)
		places = append(places, place{path: path, step: step})

		for _, block := range step.Blocks {
			places = append(places, placesOf(program, path+"."+block.Name+".", block.Steps)...)
		}

		if step.OpName == scenario.OpRunScenario && step.OpParams["inline"] == true {
			name, _ := step.OpParams["scenario"].(string)
			places = append(places, placesOf(program, path+"."+name+".", program.Scenarios[name].Steps)...)
		}
	}

	return places
}

var rounds = regexp.MustCompile(`\[\d+\]`)

// withoutRounds returns the path of a step as the scenario defines it.
func withoutRounds(instance string) string { return rounds.ReplaceAllString(instance, "") }

// mockOf returns the mock of a step, or nil. A mock of a single round precedes one of all rounds, and a path precedes a name
// and a title.
func (s *simulation) mockOf(task job.Task) *mock {
	instance := s.key(task.JobID, task.Step)
	names := []string{instance, withoutRounds(instance)}

	for _, at := range s.places[task.JobID] {
		if at.path == withoutRounds(task.Step) {
			names = append(names, at.step.Name, at.step.Title)
		}
	}

	for _, name := range names {
		if name == "" {
			continue
		}

		if at := slices.IndexFunc(s.mocks, func(m *mock) bool { return m.Step == name }); at >= 0 {
			return s.mocks[at]
		}
	}

	return nil
}

// queryMockOf returns the mock of a query in an expression, or nil.
func (s *simulation) queryMockOf(query expression.Query) *mock {
	for _, candidate := range s.mocks {
		if candidate.Query != "" && expression.BoundQuery(candidate.Query) == strings.TrimSpace(query.Query) {
			return candidate
		}
	}

	return nil
}

// checkMocks reports mocks of unknown steps.
func (s *simulation) checkMocks(program scenario.Program) {
	var known []string

	for _, found := range program.Scenarios {
		for _, at := range placesOf(program, "", found.Steps) {
			known = append(known, at.path, at.step.Name, at.step.Title)
		}
	}

	slices.Sort(known)
	known = slices.DeleteFunc(slices.Compact(known), func(name string) bool { return name == "" })

	for _, candidate := range s.mocks {
		path := withoutRounds(candidate.Step)
		path = path[strings.LastIndex(path, "/")+1:]

		if candidate.Step != "" && !slices.Contains(known, candidate.Step) && !slices.Contains(known, path) {
			s.differf("mocks: unknown step %s; %s", candidate.Step, problem.Suggest(candidate.Step, known))
		}
	}
}
