package activities

import (
	"context"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// RunSourceScript runs statements in a source's own language: once, where the source keeps a ledger and can run them in a
// transaction, and otherwise again when the answer of an attempt that ran them is lost.
func (a *Activities) RunSourceScript(
	ctx context.Context, task job.Task, params scenario.RunSourceScript,
) (*job.StepOutcome, error) {
	return attempt(ctx, a, task, func(ctx context.Context, s *step) (*job.StepOutcome, error) {
		in, release, err := open[source.Executor](ctx, s, params.Source, "run scripts")
		if err != nil {
			return nil, err
		}

		defer release()

		rows, err := in.Execute(ctx, source.Script{
			Text: params.Script, Bind: params.Bind, IdempotencyKey: s.effect(ctx, ""), Progress: s.progress.changed,
		})
		if err != nil {
			return nil, err
		}

		return &job.StepOutcome{Rows: rows}, nil
	})
}
