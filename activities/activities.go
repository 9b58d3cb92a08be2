package activities

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime/debug"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/pool"
)

// Activities are the data operations, and what the interpreter needs of the world beside them. Every exported method is
// one activity, registered under the method's name.
type Activities struct {
	apps     *app.Catalog
	sources  *pool.Pool
	results  *result.Store
	temporal Temporal
	dataDir  string
	grace    time.Duration
}

// New returns the activities over those apps, whose variables are kept in temporal. Sources that live on this machine keep
// their data in a folder for each app below dataDir. When the worker is told to stop, what runs has that grace to end.
func New(
	apps *app.Catalog, sources *pool.Pool, results *result.Store, temporal Temporal, dataDir string, grace time.Duration,
) *Activities {
	return &Activities{
		apps: apps, sources: sources, results: results, temporal: temporal, dataDir: dataDir, grace: grace,
	}
}

// step is one attempt of a step.
type step struct {
	activities *Activities
	task       job.Task
	app        *app.App
	progress   *progress
	read       []source.Part // The files that were read, where they are to be dropped.
	before     bool          // Whether an earlier attempt has done what this one was to do.
}

// attempt runs do as one attempt of the step that task names: it heartbeats meanwhile, and sorts the error for the
// retry policy.
func attempt[T any](
	ctx context.Context, a *Activities, task job.Task, do func(context.Context, *step) (*T, error),
) (outcome *T, err error) {
	given := ctx // When a panic is caught, the context of the attempt has ended with its deferred cancel.

	defer func() {
		if panicked := recover(); panicked != nil {
			outcome, err = nil, asFailure(given, defect(given, &source.PanicError{Value: panicked, Stack: debug.Stack()}))
		}
	}()

	found, err := a.apps.App(task.AppID)
	if errors.Is(err, app.ErrNotFound) {
		err = fmt.Errorf("this worker has no app %s", task.AppID)
	}

	if err != nil {
		return nil, asFailure(ctx, &appError{err: err})
	}

	ctx, cancel := a.untilStopped(ctx)
	defer cancel()

	progress := startProgress(ctx)
	defer progress.stop()

	outcome, err = do(ctx, &step{activities: a, task: task, app: found, progress: progress})
	if panicked, isPanic := errors.AsType[*source.PanicError](err); isPanic {
		err = defect(ctx, panicked)
	}

	if err != nil {
		return nil, asFailure(ctx, err)
	}

	return outcome, nil
}

// perform is attempt for what has no answer.
func perform(ctx context.Context, a *Activities, task job.Task, do func(context.Context, *step) error) error {
	_, err := attempt(ctx, a, task, func(ctx context.Context, s *step) (*struct{}, error) { return nil, do(ctx, s) })

	return err
}

// key is where an attempt keeps what it writes.
func (s *step) key(ctx context.Context, extension string) string {
	info := activity.GetInfo(ctx)

	return job.ResultKey(s.task, info.WorkflowExecution.RunID, info.Attempt, extension)
}

// query asks a source. The caller closes the records.
func (s *step) query(ctx context.Context, query scenario.Query) (source.Rows, error) {
	from, release, err := open[source.Querier](ctx, s, query.Source, "be queried")
	if err != nil {
		return nil, err
	}

	found, err := from.Query(ctx, query.Query, query.Bind)
	if err != nil {
		release()

		return nil, err
	}

	return &held{Rows: s.progress.count(found), release: release}, nil
}

// held are records that give their source back when they are closed.
type held struct {
	source.Rows

	release func()
}

func (r *held) Close() error {
	defer r.release()

	return r.Rows.Close()
}

// each calls do with every record that a query finds.
func each(ctx context.Context, rows source.Rows, do func(source.Record) error) error {
	for {
		record, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}

		if err != nil {
			return err
		}

		if err := do(record); err != nil {
			return err
		}
	}
}

// open returns the source of that name as a T: a source that can do what the operation needs. The caller calls release when
// it no longer uses it.
func open[T source.Source](ctx context.Context, s *step, name, need string) (able T, release func(), err error) {
	var none T

	definition, ok := s.app.Sources[name]
	if !ok {
		return none, nil, &appError{err: fmt.Errorf("app %s has no source named %q", s.app.ID, name)}
	}

	opened, release, err := s.activities.sources.Get(ctx, definition, source.Place{
		AppDir:  s.app.Dir,
		DataDir: filepath.Join(s.activities.dataDir, "apps", s.app.ID),
	})
	if err != nil {
		return none, nil, err
	}

	able, ok = opened.(T)
	if !ok {
		release()

		return none, nil, &source.Error{
			Code: source.CodeOperationUnsupported, Source: name,
			Message: fmt.Sprintf("a %s can't %s", definition.Kind, need), Hint: "name another source in the step",
		}
	}

	return able, release, nil
}
