package workflows

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// status answers the status query.
func (r *run) status(ctx workflow.Context) job.Status {
	state := job.Running
	if ctx.Err() != nil {
		state = job.Stopping
	}

	return job.Status{State: state, Steps: slices.Clone(r.steps)}
}

// showDetails keeps the table of steps up to date that Temporal UI shows beside the workflow.
func (r *run) showDetails(ctx workflow.Context) {
	var table strings.Builder

	table.WriteString("| | Step | State | Rows | Time |\n|--:|---|---|--:|--:|\n")

	for _, step := range r.steps {
		rows, duration := "", ""
		if step.State == job.StepCompleted {
			rows = fmt.Sprint(step.Rows)
		}

		if step.StartedAt != nil && step.EndedAt != nil {
			duration = step.EndedAt.Sub(*step.StartedAt).Round(time.Millisecond).String()
		}

		fmt.Fprintf(&table, "| %s | %s | %s | %s | %s |\n",
			step.Path, strings.ReplaceAll(step.Title, "|", `\|`), step.State, rows, duration)
	}

	workflow.SetCurrentDetails(ctx, table.String())
}
