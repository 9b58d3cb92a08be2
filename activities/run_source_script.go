package activities

import (
	"context"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// RunSourceScript runs statements in a source's own language. What becomes of them when an attempt dies after its source has
// done them, and before Temporal knows, is what becomes of them when they are run twice.
func (a *Activities) RunSourceScript(
	ctx context.Context, task job.Task, params scenario.RunSourceScript,
) (*job.StepOutcome, error) {
	return attempt(ctx, a, task, func(ctx context.Context, s *step) (*job.StepOutcome, error) {
		in, release, err := open[source.Executor](ctx, s, params.Source, "run scripts")
		if err != nil {
			return nil, err
		}

		defer release()

		rows, err := in.Execute(ctx, source.Script{Text: params.Script, Bind: params.Bind})
		if err != nil {
			return nil, err
		}

		return &job.StepOutcome{Rows: rows}, nil
	})
}
