package activities

import (
	"context"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// RunSourceScript runs statements in the language of a source. They take effect exactly once if the source has a ledger and
// can run them in a transaction. Otherwise they run again if the report of an attempt to Temporal is lost.
func (a *Activities) RunSourceScript(
	ctx context.Context, task job.Task, params scenario.RunSourceScript,
) (*job.StepOutcome, error) {
	return runOpened(ctx, a, task, params, (*step).runScript)
}

func (s *step) runScript(ctx context.Context, params scenario.RunSourceScript) (*job.StepOutcome, error) {
	in, err := open[source.Executor](ctx, s, params.Source, source.CanExecute)
	if err != nil {
		return nil, err
	}

	if err := s.checkRepeatable(recordsWrites(in)); err != nil {
		return nil, err
	}

	script := source.Script{
		Text: params.Script, Bind: boundValues(params.Bind),
		IdempotencyKey: s.idempotencyKey(ctx, ""), Progress: s.progress.setRows,
		OnlyRecorded: s.task.Local != nil && !s.task.Local.MayRepeat,
	}

	rows, err := in.Execute(ctx, script)
	if err != nil {
		return nil, err
	}

	return &job.StepOutcome{Rows: rows, Recorded: script.OnlyRecorded}, nil
}
