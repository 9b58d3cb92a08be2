package activities

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// step is one attempt of a step. It is used by one goroutine.
type step struct {
	activities *Activities
	task       job.Task
	app        *app.App
	progress   *progress
	secrets    *secrets

	sources  map[string]source.Source // The sources that the attempt has opened, by name.
	releases []func()                 // Return the sources to the pool.

	read    []source.Part // The files that were read, if the step drops them afterwards.
	written bool          // Whether an earlier attempt has written the target.
}

// runAttempt runs do as one attempt of the step that task names. It heartbeats during the attempt, closes the attempt's
// sources at its end, and classifies its error for the retry policy.
func runAttempt[T any](
	ctx context.Context, a *Activities, task job.Task, do func(context.Context, *step) (*T, error),
) (outcome *T, err error) {
	ctx, progress, end := a.begin(ctx, task)
	defer end()

	s := &step{
		activities: a, task: task, progress: progress,
		secrets: &secrets{keys: a.keys, task: task}, sources: map[string]source.Source{},
	}

	defer func() { s.report(ctx, err) }()

	if task.Local != nil { // The SDK abandons a local activity by its timeout.
		return attempt(ctx, s, do)
	}

	return untilAbandoned(ctx, task, func() (*T, error) { return attempt(ctx, s, do) })
}

// attempt runs do with the app and the secrets of the step. It recovers panics.
func attempt[T any](ctx context.Context, s *step, do func(context.Context, *step) (*T, error)) (outcome *T, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			caught := s.secrets.hidePanic(&source.PanicError{Value: panicked, Stack: debug.Stack()})
			outcome, err = nil, asFailure(ctx, s.task, defect(ctx, caught))
		}
	}()

	s.app, err = s.activities.app(ctx, s.task)
	if errors.Is(err, app.ErrNotFound) {
		err = fmt.Errorf("this worker has no app %s", s.task.AppID)
	}

	if err != nil {
		return nil, asFailure(ctx, s.task, appFailure(err))
	}

	defer s.releaseSources()

	if err = s.secrets.openAll(s.task.Secrets); err == nil {
		outcome, err = do(ctx, s)
	}

	if err == nil {
		err = s.checkLocalResult(outcome)
	}

	if panicked, isPanic := errors.AsType[*source.PanicError](err); isPanic {
		err = defect(ctx, s.secrets.hidePanic(panicked))
	}

	if err != nil {
		return nil, asFailure(ctx, s.task, s.secrets.hide(err))
	}

	s.secrets.sealOutcome(outcome)

	return outcome, nil
}

// begin returns the context of an attempt and its progress. The context ends when the worker stops or, in a local activity, when
// the attempt exceeds its bounds. The caller calls end at the end of the attempt.
func (a *Activities) begin(ctx context.Context, task job.Task) (_ context.Context, p *progress, end func()) {
	if task.Local != nil {
		ctx, cancel := bounded(ctx, task.Local)

		return ctx, &progress{exceeded: func() { cancel(errHandedOver) }}, func() { cancel(nil) }
	}

	ctx, cancel := a.untilStopped(ctx)
	reporting := startProgress(ctx)

	return ctx, reporting, func() {
		reporting.stop()
		cancel()
	}
}

// runCommand is [runAttempt] for an activity without a return value.
func runCommand(ctx context.Context, a *Activities, task job.Task, do func(context.Context, *step) error) error {
	_, err := runAttempt(ctx, a, task, func(ctx context.Context, s *step) (*struct{}, error) { return nil, do(ctx, s) })

	return err
}

// open returns the source of that name as a T, an interface that the operation requires; need completes the sentence
// "a kind of source can't …". The first call of an attempt opens the source, with the secrets of that moment. All later
// calls return the same source, which stays open until the attempt ends.
func open[T source.Source](ctx context.Context, s *step, name string, need source.Ability) (T, error) {
	var none T

	opened, isOpen := s.sources[name]
	if !isOpen {
		got, release, err := s.lease(ctx, name)
		if err != nil {
			return none, err
		}

		opened = got
		s.sources[name] = opened
		s.releases = append(s.releases, release)
	}

	able, ok := opened.(T)
	if !ok {
		return none, &source.Error{
			Code: source.CodeOperationUnsupported, Source: name,
			Message: fmt.Sprintf("a %s can't %s", s.app.Sources[name].Kind, need), Hint: "name another source in the step",
		}
	}

	return able, nil
}

// lease returns the source of that name, which stays open until release is called.
func (s *step) lease(ctx context.Context, name string) (leased source.Source, release func(), err error) {
	definition, ok := s.app.Sources[name]
	if !ok {
		return nil, nil, appFailure(fmt.Errorf("app %s has no source named %q", s.app.ID, name))
	}

	return s.activities.sources.Get(ctx, definition, s.app.Place(s.activities.dataDir))
}

func (s *step) releaseSources() {
	for _, release := range s.releases {
		release()
	}
}

// resultKey returns the key under which the attempt stores a blob.
func (s *step) resultKey(ctx context.Context, extension string) string {
	attempt := strconv.Itoa(int(s.attempt(ctx)))
	if s.task.Local != nil { // A crash repeats the attempt without another number.
		attempt = uuid.NewString()
	}

	return job.ResultKey(s.task, activity.GetInfo(ctx).WorkflowExecution.RunID, attempt, extension)
}

// attempt returns the number of the attempt, from 1.
func (s *step) attempt(ctx context.Context) int32 { return attemptOf(ctx, s.task) }

// attemptOf returns the number of the attempt of a task, from 1.
func attemptOf(ctx context.Context, task job.Task) int32 {
	return task.Attempts + activity.GetInfo(ctx).Attempt
}

// query runs a query in a source. The caller closes the records.
func (s *step) query(ctx context.Context, query expression.Query) (source.Rows, error) {
	from, err := open[source.Querier](ctx, s, query.Source, source.CanQuery)
	if err != nil {
		return nil, err
	}

	rows, err := from.Query(ctx, query.Query, boundValues(query.Bind))
	if err != nil {
		return nil, err
	}

	return s.progress.count(rows), nil
}

// boundValues returns the values of a query's parameters as sources receive them.
func boundValues(bind jsonvalue.Object) map[string]any {
	values := maps.Clone(map[string]any(bind))

	for name, value := range values {
		if decimal, is := value.(jsonvalue.Decimal); is {
			values[name] = source.Number(decimal.String())
		}
	}

	return values
}

// forEach calls do with every record of rows.
func forEach(ctx context.Context, rows source.Rows, do func(source.Record) error) error {
	for {
		record, err := rows.Next(ctx)
		if err == io.EOF {
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

// errStopping is the cause of an attempt's end if its worker is stopping.
var errStopping = errors.New("the worker that ran the step was stopped; another worker retries it")

// untilStopped returns a context that ends a grace period after the worker is asked to stop. The worker itself ends later,
// so that it can still report the attempt to Temporal, which then assigns the step to another worker at once. If the worker
// ended without a report, Temporal would wait for the heartbeat timeout first.
func (a *Activities) untilStopped(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stopping := activity.GetWorkerStopChannel(ctx)

	go func() {
		select {
		case <-ctx.Done():
			return
		case <-stopping:
		}

		grace := time.NewTimer(a.grace)
		defer grace.Stop()

		select {
		case <-ctx.Done():
		case <-grace.C:
			cancel(errStopping)
		}
	}()

	return ctx, func() { cancel(nil) }
}

// errDisconnected is the cause of an attempt's end if its heartbeats did not reach Temporal for so long that Temporal
// assigns the step to another worker.
var errDisconnected = errors.New("the worker that ran the step could not reach Temporal for too long; the step is retried")

// disconnected returns errDisconnected with its reason if a failed heartbeat has ended ctx, which the SDK reports as the
// cause.
func disconnected(ctx context.Context) error {
	var (
		cause       = context.Cause(ctx)
		unavailable *serviceerror.Unavailable
		timeout     *serviceerror.DeadlineExceeded
		overload    *serviceerror.ResourceExhausted
	)

	if errors.As(cause, &unavailable) || errors.As(cause, &timeout) || errors.As(cause, &overload) {
		return fmt.Errorf("%w (%w)", errDisconnected, cause)
	}

	return nil
}
