package activities

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"go.temporal.io/sdk/activity"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// Activities are the data operations, and what the interpreter needs of the world beside them. Every exported method is
// one activity, registered under the method's name.
type Activities struct {
	apps     *app.Catalog
	drivers  source.Drivers
	results  *result.Store
	temporal Temporal
	dataDir  string
}

// New returns the activities over those apps, whose variables are kept in temporal. Sources that live on this machine keep
// their data in a folder for each app below dataDir.
func New(
	apps *app.Catalog, drivers source.Drivers, results *result.Store, temporal Temporal, dataDir string,
) *Activities {
	return &Activities{apps: apps, drivers: drivers, results: results, temporal: temporal, dataDir: dataDir}
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
func attempt[T any](
	ctx context.Context, a *Activities, task job.Task, do func(context.Context, *step) (*T, error),
) (*T, error) {
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

// perform is attempt for what has no answer.
func perform(ctx context.Context, a *Activities, task job.Task, do func(context.Context, *step) error) error {
	_, err := attempt(ctx, a, task, func(ctx context.Context, s *step) (*struct{}, error) { return nil, do(ctx, s) })

	return err
}

// key is where an attempt keeps what it writes. Each has a key of its own, so that one which outlives its worker's lease
// can't disturb another.
func (s *step) key(ctx context.Context, extension string) string {
	const longest = 100 // Bytes; a file's name has a bound, and the path of a step in many loops has none.

	info := activity.GetInfo(ctx)

	path := s.task.Step
	if len(path) > longest {
		path = shortened(path)
	}

	return fmt.Sprintf("%s/%s/%s-%d%s", s.task.AppID, info.WorkflowExecution.RunID, path, info.Attempt, extension)
}

// shortened is what stands for a text that is too long.
func shortened(text string) string {
	sum := sha256.Sum256([]byte(text))

	return hex.EncodeToString(sum[:])
}

// query opens a source and asks it. The caller closes the records, and with them the source.
func (s *step) query(ctx context.Context, query scenario.Query) (source.Rows, error) {
	from, err := open[source.Querier](ctx, s, query.Source, "be queried")
	if err != nil {
		return nil, err
	}

	found, err := from.Query(ctx, query.Query, query.Bind)
	if err != nil {
		return nil, errors.Join(err, from.Close())
	}

	return &asked{Rows: s.progress.count(found), source: from}, nil
}

// asked are records that close their source with them.
type asked struct {
	source.Rows

	source source.Source
}

func (r *asked) Close() error { return errors.Join(r.Rows.Close(), r.source.Close()) }

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
