package job

import (
	"fmt"
	"strconv"
	"strings"
)

// StepWait is what a step waits for before it can begin: a slot of a source with limits, or a worker of a task queue.
type StepWait struct {
	Source    string  `json:"source,omitempty" description:"The source whose limits permit no further step at the moment."`
	Running   int     `json:"running,omitempty" description:"The number of steps that had a slot of the source when this one asked for one."`
	Limit     int     `json:"maxConcurrentSteps,omitempty" description:"How many steps may use the source at the same time."`
	PerSecond float64 `json:"maxStepsPerSecond,omitempty" description:"How many steps on the source may begin in a second."`
	TaskQueue string  `json:"taskQueue,omitempty" description:"The task queue that no worker polls."`
	Runs      int64   `json:"runs,omitempty" description:"Of a step that runs several times at the same time: how many of these runs wait, if not all of them do."`
}

// String returns what the step waits for, for people, such as "waits for a slot of the source db: 2 running of 2".
func (w *StepWait) String() string {
	waits := "waits"
	if w.Runs == 1 {
		waits = "1 run waits"
	} else if w.Runs > 1 {
		waits = fmt.Sprintf("%d runs wait", w.Runs)
	}

	if w.Source == "" {
		return waits + " for a worker: none polls the task queue " + w.TaskQueue
	}

	var limits []string
	if w.Limit > 0 {
		limits = append(limits, fmt.Sprintf("%d running of %d", w.Running, w.Limit))
	}

	if w.PerSecond > 0 {
		limits = append(limits, "at most "+strconv.FormatFloat(w.PerSecond, 'f', -1, 64)+" begin in a second")
	}

	text := waits + " for a slot of the source " + w.Source
	if len(limits) > 0 {
		text += ": " + strings.Join(limits, ", ")
	}

	return text
}

// Waits reports whether the step waits before it can begin, with all of its runs.
func (s *StepStatus) Waits() bool {
	return s.WaitsFor != nil && s.WaitsFor.Runs == 0 && s.State == StepRunning
}
