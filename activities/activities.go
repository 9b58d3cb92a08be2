package activities

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/source"
)

// Activities are the data operations. Every exported method is one, registered under the method's name.
type Activities struct {
	apps    *app.Catalog
	drivers source.Drivers
	results *result.Store
	dataDir string
}

// New returns the data operations over those apps. Sources that live on this machine keep their data in a folder for
// each app below dataDir.
func New(apps *app.Catalog, drivers source.Drivers, results *result.Store, dataDir string) *Activities {
	return &Activities{apps: apps, drivers: drivers, results: results, dataDir: dataDir}
}

// step is one attempt of a step.
type step struct {
	activities *Activities
	task       job.Task
	app        *app.App
	progress   *progress
}

// attempt runs do as one attempt of the step that task names: it heartbeats meanwhile, and sorts the error for the
// retry policy.
func (a *Activities) attempt(
	ctx context.Context, task job.Task, do func(context.Context, *step) (*job.StepOutcome, error),
) (*job.StepOutcome, error) {
	found, err := a.apps.App(task.AppID)
	if errors.Is(err, app.ErrNotFound) {
		err = fmt.Errorf("this worker has no app %s", task.AppID)
	}

	if err != nil {
		return nil, asFailure(ctx, &appError{err: err})
	}

	progress := startProgress(ctx)
	defer progress.stop()

	outcome, err := do(ctx, &step{activities: a, task: task, app: found, progress: progress})
	if err != nil {
		return nil, asFailure(ctx, err)
	}

	return outcome, nil
}

// open opens the source of that name as a T: a source that can do what the operation needs.
func open[T source.Source](ctx context.Context, s *step, name, need string) (T, error) {
	var none T

	definition, ok := s.app.Sources[name]
	if !ok {
		return none, &appError{err: fmt.Errorf("app %s has no source named %q", s.app.ID, name)}
	}

	opened, err := s.activities.drivers.Open(ctx, definition, source.Place{
		AppDir:  s.app.Dir,
		DataDir: filepath.Join(s.activities.dataDir, "apps", s.app.ID),
	})
	if err != nil {
		return none, err
	}

	able, ok := opened.(T)
	if !ok {
		return none, errors.Join(&source.Error{
			Code: source.CodeOperationUnsupported, Source: name,
			Message: fmt.Sprintf("a %s can't %s", definition.Kind, need), Hint: "name another source in the step",
		}, opened.Close())
	}

	return able, nil
}

// replaceTable makes a table of a source hold the records of rows.
func (s *step) replaceTable(
	ctx context.Context, sourceName, table string, rows source.Rows,
) (outcome *job.StepOutcome, err error) {
	target, err := open[source.Writer](ctx, s, sourceName, "be written to")
	if err != nil {
		return nil, err
	}

	defer func() { err = errors.Join(err, target.Close()) }()

	count, err := target.ReplaceTable(ctx, table, rows)
	if err != nil {
		return nil, err
	}

	return &job.StepOutcome{Rows: count}, nil
}
