package app

import (
	"maps"
	"slices"

	"github.com/jobwright/jobwright/scenario"
)

// TaskQueues returns the task queues that app.yaml and the valid scenarios name, in order. As for a job, files are read only
// after one of them has changed.
func (a *App) TaskQueues() ([]scenario.TaskQueue, error) {
	names, err := a.ScenarioNames()
	if err != nil {
		return nil, err
	}

	named := map[scenario.TaskQueue]bool{a.TaskQueue: true}
	for _, capacity := range a.Capacities {
		named[capacity.TaskQueue] = true
	}

	for _, name := range names {
		pinned, err := a.Pin(name)
		if err != nil {
			continue // No job can run it.
		}

		for _, queue := range pinned.queues {
			named[queue] = true
		}
	}

	delete(named, "")

	return slices.Sorted(maps.Keys(named)), nil
}

// queuesOf returns the task queues that the steps of a program name.
func queuesOf(program scenario.Program) (queues []scenario.TaskQueue) {
	for _, of := range program.Scenarios {
		for step := range scenario.AllSteps(of.Steps) {
			if step.TaskQueue != "" && !slices.Contains(queues, step.TaskQueue) {
				queues = append(queues, step.TaskQueue)
			}
		}
	}

	return queues
}
