package job

import (
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Input is what a job's workflow is started with.
type Input struct {
	AppID      string           `json:"appId"`
	Program    scenario.Program `json:"program"`
	Parameters jsonvalue.Object `json:"parameters,omitempty"` // A value for each parameter of the program's entry.
	Depth      int              `json:"depth,omitempty"`      // How many jobs stand above this one, which a RunScenario started.
}

// Task is what the activity of a step is told beside the operation's parameters.
type Task struct {
	AppID string `json:"appId"`
	JobID string `json:"jobId"`
	Step  string `json:"step"` // The step's path, with the number of the round in each loop around it: 4.steps[17].2.

	// How many bytes a result may have to be in the outcome, and not in the result store.
	Inline int `json:"inline,omitempty"`
}
