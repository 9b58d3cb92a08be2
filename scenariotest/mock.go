package scenariotest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// mock stands in for the calls of a step or for a query.
type mock struct {
	mockForm

	made int // How many calls it stood in for.
}

// next returns what the next call does; the last one that the test tells of goes on for ever.
func (m *mock) next() outcomeForm {
	m.made++

	if len(m.Calls) == 0 {
		return m.outcomeForm
	}

	return m.Calls[min(m.made, len(m.Calls))-1]
}

// place is a step of a program, by what a test can call it.
type place struct {
	path string // In its scenario, without rounds.
	step scenario.Step
}

// placesOf lists the steps of a scenario and of those that it runs inline.
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

// withoutRounds is the path of a step as the scenario defines it.
func withoutRounds(instance string) string { return rounds.ReplaceAllString(instance, "") }

// mockOf finds what stands in for a step: what names it most exactly.
func (w *world) mockOf(task job.Task) *mock {
	instance := w.key(task.JobID, task.Step)
	names := []string{instance, withoutRounds(instance)}

	for _, at := range w.places[task.JobID] {
		if at.path == withoutRounds(task.Step) {
			names = append(names, at.step.Name, at.step.Title)
		}
	}

	for _, name := range names {
		if name == "" {
			continue
		}

		if at := slices.IndexFunc(w.mocks, func(m *mock) bool { return m.Step == name }); at >= 0 {
			return w.mocks[at]
		}
	}

	return nil
}

// queryMockOf finds what stands in for a query that an expression asks.
func (w *world) queryMockOf(query scenario.Query) *mock {
	for _, candidate := range w.mocks {
		if candidate.Query != "" && scenario.AsAsked(candidate.Query) == strings.TrimSpace(query.Query) {
			return candidate
		}
	}

	return nil
}

// checkMocks finds mocks of steps that there are not.
func (w *world) checkMocks(program scenario.Program) {
	var known []string

	for _, found := range program.Scenarios {
		for _, at := range placesOf(program, "", found.Steps) {
			known = append(known, at.path, at.step.Name, at.step.Title)
		}
	}

	slices.Sort(known)
	known = slices.DeleteFunc(slices.Compact(known), func(name string) bool { return name == "" })

	for _, candidate := range w.mocks {
		path := withoutRounds(candidate.Step)
		path = path[strings.LastIndex(path, "/")+1:]

		if candidate.Step != "" && !slices.Contains(known, candidate.Step) && !slices.Contains(known, path) {
			w.differf("mock of the step %s: there is no such step; %s", candidate.Step, scenario.Suggest(candidate.Step, known))
		}
	}
}
