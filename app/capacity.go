package app

import "github.com/jobwright/jobwright/scenario"

// Capacity distributes and limits the load of a source, over all workers.
type Capacity struct {
	TaskQueue          scenario.TaskQueue // Where the steps on the source run; "" means that of the app.
	MaxConcurrentSteps int                // How many steps use the source at the same time; 0 for any number.
	MaxStepsPerSecond  float64            // How many steps on the source begin in a second; 0 for any number.
}

func (c Capacity) isLimited() bool { return c.MaxConcurrentSteps > 0 || c.MaxStepsPerSecond > 0 }

// Options returns the capacity as app.yaml declares it.
func (c Capacity) Options() map[string]any {
	options := map[string]any{}

	if c.TaskQueue != "" {
		options[fieldTaskQueue] = string(c.TaskQueue)
	}

	if c.MaxConcurrentSteps > 0 {
		options[fieldMaxConcurrentSteps] = int64(c.MaxConcurrentSteps)
	}

	if c.MaxStepsPerSecond > 0 {
		options[fieldMaxStepsPerSecond] = c.MaxStepsPerSecond
	}

	return options
}

// pinnedCapacities returns what the programs of jobs pin of the capacities of the app's sources; nil if there are none.
func (a *App) pinnedCapacities() map[string]scenario.Capacity {
	if len(a.Capacities) == 0 {
		return nil
	}

	pinned := map[string]scenario.Capacity{}
	for name, capacity := range a.Capacities {
		pinned[name] = scenario.Capacity{TaskQueue: capacity.TaskQueue, Limited: capacity.isLimited()}
	}

	return pinned
}

// The fields of a source that make up its capacity. Sources of all kinds have them.
const (
	fieldMaxConcurrentSteps = "maxConcurrentSteps"
	fieldMaxStepsPerSecond  = "maxStepsPerSecond"
)

func capacityFields() []string {
	return []string{fieldTaskQueue, fieldMaxConcurrentSteps, fieldMaxStepsPerSecond}
}

// Bounds of the limits of a source. One workflow grants the slots of a source, which limits their number in a second.
const (
	maxConcurrentSteps = 10_000

	minStepsPerSecond = 0.001
	maxStepsPerSecond = 100
)

// capacity reads the capacity of a source, and removes its fields from the others, which are options of the source's kind.
func (r *manifestReader) capacity(name string, fields map[string]field) {
	steps, perSecond := fields[fieldMaxConcurrentSteps], fields[fieldMaxStepsPerSecond]
	capacity := Capacity{
		TaskQueue:          r.taskQueue(fields[fieldTaskQueue]),
		MaxConcurrentSteps: r.integer(steps, steps.path, maxConcurrentSteps),
		MaxStepsPerSecond:  r.number(perSecond, perSecond.path, minStepsPerSecond, maxStepsPerSecond),
	}

	for _, field := range capacityFields() {
		delete(fields, field)
	}

	if capacity != (Capacity{}) {
		r.app.Capacities[name] = capacity
	}
}

// taskQueue reads the name of a task queue.
func (r *manifestReader) taskQueue(of field) scenario.TaskQueue {
	queue := scenario.TaskQueue(r.text(of))

	if of.isGiven() && !queue.IsValid() {
		r.wrongf(of, "%s must be %s, such as heavy", of.path, scenario.FormTaskQueue)
	}

	return queue
}
