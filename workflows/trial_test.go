package workflows_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/workflows"
)

// trialID is the ID that the test environment gives to every job.
const trialID = "default-test-workflow-id"

// conditions are the conditions of a trial.
type conditions struct {
	maxHistory    int           // After how many events the job continues as new; 0 for never.
	stopAt        time.Duration // When the job is cancelled; 0 for never.
	checkpoint    []byte        // The checkpoint of the first run, as JSON; nil for none.
	continuations int           // Ends the trial after so many runs that continued as new; 0 for never.
	slowReads     bool          // Whether reading and dropping records takes time.
	target        *target       // What the steps change; nil if no test asks.
}

// trial is the result of a job that the interpreter ran.
type trial struct {
	verdict

	begun       []event
	commands    []string        // The commands to Temporal, in order, with every byte.
	checkpoints []string        // The checkpoints with which it continued as new.
	stored      map[string]bool // Keys of stored records that were not dropped.
	err         error

	target *target
	mutex  sync.Mutex
	starts map[string]time.Time // When each step began, by job and path.
	events int
}

// atFirst is the time at which every trial begins.
var atFirst = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// maxRuns bounds the runs of a job: each makes progress.
const maxRuns = 10_000

// try runs a program in the test environment, one run after the other.
func try(t require.TestingT, program scenario.Program, under conditions) *trial {
	made := &trial{stored: map[string]bool{}, starts: map[string]time.Time{}}
	made.Trace = []event{}

	input := job.Input{AppID: "7", Program: program}

	var checkpoint *workflows.Checkpoint

	if under.checkpoint != nil {
		if made.err = json.Unmarshal(under.checkpoint, &checkpoint); made.err != nil {
			return made
		}
	}

	for now, runs := atFirst, 0; ; runs++ {
		require.Less(t, runs, maxRuns, "the job makes no progress")

		env := made.environment(under, now)
		env.ExecuteWorkflow(job.Workflow, input, checkpoint)
		require.True(t, env.IsWorkflowCompleted())

		now = env.Now()

		var continued *workflow.ContinueAsNewError

		if err := env.GetWorkflowError(); !errors.As(err, &continued) {
			made.judge(t, env, err)

			return made
		}

		var next struct {
			input      job.Input
			checkpoint *workflows.Checkpoint
		}

		require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(continued.Input, &next.input, &next.checkpoint))

		encoded, err := json.Marshal(next.checkpoint)
		require.NoError(t, err)

		made.checkpoints = append(made.checkpoints, string(encoded))

		if made.err = continued; len(made.checkpoints) == under.continuations {
			return made
		}

		input, checkpoint = next.input, next.checkpoint
	}
}

// environment returns an environment for a run that begins at now.
func (m *trial) environment(under conditions, now time.Time) *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite

	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))

	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(now)
	env.SetTestTimeout(time.Minute)
	env.SetWorkerOptions(worker.Options{
		DeadlockDetectionTimeout: time.Minute, Interceptors: []interceptor.WorkerInterceptor{&listener{trial: m}},
	})

	env.RegisterWorkflowWithOptions(
		func(ctx workflow.Context, input job.Input, checkpoint *workflows.Checkpoint) (*job.Outcome, error) {
			id := workflow.GetInfo(ctx).WorkflowExecution.ID
			interpreter := workflows.Interpreter{
				MaxHistory: under.maxHistory, Recording: under.target.recording(id),
				Observe: func(e workflows.StepEvent) { m.observe(env.Now(), id, e) },
			}

			return interpreter.RunScenario(ctx, input, checkpoint)
		}, workflow.RegisterOptions{Name: job.Workflow})

	m.target = under.target
	m.activities(env, under.slowReads)
	m.count(env)

	if left := under.stopAt - now.Sub(atFirst); under.stopAt > 0 && left > 0 {
		env.RegisterDelayedCallback(env.CancelWorkflow, left)
	}

	return env
}

// count counts the events of the history as a server would.
func (m *trial) count(env *testsuite.TestWorkflowEnvironment) {
	const perTask = 3

	m.events = perTask
	add := func(events int) {
		m.events += events
		env.SetCurrentHistoryLength(m.events)
	}

	add(0)
	env.SetOnActivityStartedListener(func(*activity.Info, context.Context, converter.EncodedValues) { add(2) })
	env.SetOnActivityCompletedListener(func(*activity.Info, converter.EncodedValue, error) { add(1 + perTask) })
	env.SetOnTimerScheduledListener(func(string, time.Duration) { add(1) })
	env.SetOnTimerFiredListener(func(string) { add(1 + perTask) })
}

func (m *trial) observe(now time.Time, jobID string, e workflows.StepEvent) {
	m.mutex.Lock()
	defer m.mutex.Unlock()

	// Timers of a nanosecond separate workflow tasks.
	found := event{At: now.Sub(atFirst).Truncate(time.Microsecond), Job: jobID, Path: e.Path, State: e.State}

	if e.State == job.StepRunning {
		m.begun = append(m.begun, found)
		m.starts[jobID+" "+e.Path] = now

		return
	}

	m.Trace = append(m.Trace, found)
}

func (m *trial) activities(env *testsuite.TestWorkflowEnvironment, slowReads bool) {
	env.RegisterActivityWithOptions(
		func(ctx context.Context, task job.Task, params jsonvalue.Object) (*job.StepOutcome, error) {
			return m.answer(ctx, env, task, params)
		}, activity.RegisterOptions{Name: "Transform"})

	// Those that end at the same moment end in any order.
	slow := func(ctx context.Context, task job.Task, what string, result any) error {
		if !slowReads {
			return nil
		}

		info := activity.GetInfo(ctx)
		env.RegisterDelayedCallback(func() { m.complete(env, info.TaskToken, task, result, nil) }, lasts(task.JobID, task.Step+what))

		return activity.ErrResultPending
	}

	env.RegisterActivityWithOptions(
		func(ctx context.Context, task job.Task, query job.RecordsQuery) (*job.RecordsPage, error) {
			page := m.records(task, query)

			return page, slow(ctx, task, fmt.Sprint(query.Offset), page)
		}, activity.RegisterOptions{Name: job.ReadRecordsActivity})

	env.RegisterActivityWithOptions(func(ctx context.Context, task job.Task, key string) error {
		m.mutex.Lock()
		defer m.mutex.Unlock()

		if !m.stored[key] {
			return errors.New("these records were dropped before")
		}

		delete(m.stored, key)

		return slow(ctx, task, "drop", nil)
	}, activity.RegisterOptions{Name: job.DropRecordsActivity})
}

// complete ends an activity. The test environment notifies the job of the environment; a child must be woken.
func (m *trial) complete(env *testsuite.TestWorkflowEnvironment, token []byte, task job.Task, result any, err error) {
	if env.CompleteActivity(token, result, err) == nil && task.JobID != trialID {
		env.RegisterDelayedCallback(func() { _ = env.SignalWorkflowByID(task.JobID, "wake", nil) }, 0)
	}
}

// answer does what the query says, on the clock of the workflow.
func (m *trial) answer(
	ctx context.Context, env *testsuite.TestWorkflowEnvironment, task job.Task, params jsonvalue.Object,
) (*job.StepOutcome, error) {
	info := activity.GetInfo(ctx)
	given := answerOf(written(params))
	attempt := task.Attempts + info.Attempt
	detail := temporal.ApplicationErrorOptions{Details: []any{job.ErrorDetail{Attempt: attempt}}}

	if attempt <= given.flaws {
		return nil, temporal.NewApplicationErrorWithOptions(flawMessage, "unavailable", detail)
	}

	outcome := &job.StepOutcome{Rows: given.rows}
	if params["returnResult"] == true {
		outcome.Result = &job.Result{Key: task.JobID + "/" + task.Step}
	} else {
		outcome.Value = jsonvalue.Value{Any: rowsOf(0, given.rows)}
	}

	var failed error

	if given.code != "" {
		detail.NonRetryable = true
		outcome, failed = nil, temporal.NewApplicationErrorWithOptions(faultMessage, given.code, detail)
	}

	if failed == nil && m.target.change(task) {
		detail.NonRetryable = true
		outcome, failed = nil, temporal.NewApplicationErrorWithOptions("injected", "injected", detail)
	}

	complete := func() {
		var result any
		if outcome != nil {
			result = outcome
		}

		m.complete(env, info.TaskToken, task, result, failed)
	}

	// On the main thread, where the clock stands still. It may have gone on by itself since the step began.
	env.RegisterDelayedCallback(func() {
		due := env.Now()

		m.mutex.Lock()
		if given.flaws == 0 {
			due = m.starts[task.JobID+" "+task.Step]
		}
		m.mutex.Unlock()

		env.RegisterDelayedCallback(complete, due.Add(lasts(task.JobID, task.Step)).Sub(env.Now()))
	}, 0)

	return nil, activity.ErrResultPending
}

// records gives a page of two records.
func (m *trial) records(task job.Task, query job.RecordsQuery) *job.RecordsPage {
	m.mutex.Lock()
	defer m.mutex.Unlock()

	const most = 2

	key := query.Key
	if key == "" {
		key = fmt.Sprintf("%s/%s %s", task.JobID, task.Step, query.Query.Query)
	}

	total := min(answerOf(key[max(0, strings.LastIndex(key, "records ")):]).rows, 100)
	page := &job.RecordsPage{Records: []jsonvalue.Object{}}

	for _, row := range rowsOf(query.Offset, min(most, total-query.Offset)) {
		page.Records = append(page.Records, row.(map[string]any))
	}

	if total > most {
		m.stored[key], page.Key = true, key
	}

	if query.Offset+most < total {
		page.Next = query.Offset + most
	}

	return page
}

// judge says what became of the job.
func (m *trial) judge(t require.TestingT, env *testsuite.TestWorkflowEnvironment, err error) {
	var (
		application *temporal.ApplicationError
		cancelled   *temporal.CanceledError
		outcome     job.Outcome
		failure     job.Failure
	)

	m.err = err

	switch {
	case err == nil:
		m.State = job.Completed

		require.NoError(t, env.GetWorkflowResult(&outcome))
	case errors.As(err, &cancelled):
		m.State = job.Stopped

		require.NoError(t, cancelled.Details(&outcome))
	case errors.As(err, &application) && application.HasDetails():
		m.State = job.CompletedWithError

		require.NoError(t, application.Details(&failure))

		outcome = failure.Outcome
		m.Failure = &blame{Code: failure.Code, Message: failure.Message, Attempts: failure.Attempts, Trace: failure.Trace, Causes: failure.Causes}

		if failure.Step != nil {
			m.Failure.Path = failure.Step.Path
		}
	default:
		return // A panic, or the like.
	}

	if outcome.Value != nil {
		m.Value = outcome.Value.Any
	}

	for _, result := range outcome.Results {
		m.Results = append(m.Results, result.Key)
	}

	for _, step := range outcome.Steps {
		m.Steps = append(m.Steps, tally{
			Path: step.Path, State: step.State, Rows: step.Rows, Runs: step.Runs, Failures: step.Failures, LastError: step.LastError,
		})
	}
}

// listener notes what the workflows of a trial ask of Temporal.
type listener struct {
	interceptor.WorkerInterceptorBase

	trial *trial
}

func (l *listener) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	inbound := &inbound{trial: l.trial}
	inbound.Next = next

	return inbound
}

type inbound struct {
	interceptor.WorkflowInboundInterceptorBase

	trial *trial
}

func (i *inbound) Init(next interceptor.WorkflowOutboundInterceptor) error {
	outbound := &outbound{trial: i.trial}
	outbound.Next = next

	return i.Next.Init(outbound)
}

type outbound struct {
	interceptor.WorkflowOutboundInterceptorBase

	trial *trial
}

func (o *outbound) note(ctx workflow.Context, kind, id string, arguments ...any) {
	payloads, err := converter.GetDefaultDataConverter().ToPayloads(arguments...)
	text := fmt.Sprint(err)

	for _, payload := range payloads.GetPayloads() {
		text += " " + string(payload.GetData())
	}

	o.trial.mutex.Lock()
	defer o.trial.mutex.Unlock()

	o.trial.commands = append(o.trial.commands,
		fmt.Sprintf("%s %s %s %s", workflow.GetInfo(ctx).WorkflowExecution.ID, kind, id, text))
}

func (o *outbound) ExecuteActivity(ctx workflow.Context, name string, arguments ...any) workflow.Future {
	o.note(ctx, name, workflow.GetActivityOptions(ctx).ActivityID, arguments...)

	return o.Next.ExecuteActivity(ctx, name, arguments...)
}

// ExecuteLocalActivity answers at once: a local activity that would take time hands its step over.
func (o *outbound) ExecuteLocalActivity(ctx workflow.Context, name string, arguments ...any) workflow.Future {
	if len(arguments) == 0 {
		return o.Next.ExecuteLocalActivity(ctx, name, arguments...) // It yields.
	}

	o.note(ctx, "local "+name, "", arguments[1])

	future, settable := workflow.NewFuture(ctx)

	result, err := o.trial.answerLocally(arguments[0].(job.Task), arguments[1])
	if err != nil {
		settable.SetError(err)

		return future
	}

	payloads, err := converter.GetDefaultDataConverter().ToPayloads(result)
	settable.Set(payloads, err)

	return future
}

func (m *trial) answerLocally(task job.Task, request any) (any, error) {
	switch request := request.(type) {
	case job.RecordsQuery:
		return m.records(task, request), nil
	case scenario.Transform:
		given := answerOf(request.Query)
		if given.flaws > 0 {
			return nil, temporal.NewApplicationErrorWithOptions(flawMessage, "unavailable",
				temporal.ApplicationErrorOptions{Details: []any{job.ErrorDetail{Attempt: 1}}})
		}
	}

	return nil, temporal.NewNonRetryableApplicationError("handed over", job.HandedOver, nil)
}

func (o *outbound) ExecuteChildWorkflow(ctx workflow.Context, name string, arguments ...any) workflow.ChildWorkflowFuture {
	o.note(ctx, name, workflow.GetChildWorkflowOptions(ctx).WorkflowID, arguments...)

	return o.Next.ExecuteChildWorkflow(ctx, name, arguments...)
}

func (o *outbound) NewTimer(ctx workflow.Context, duration time.Duration) workflow.Future {
	o.note(ctx, "timer", duration.String())

	return o.Next.NewTimer(ctx, duration)
}

func (o *outbound) NewTimerWithOptions(
	ctx workflow.Context, duration time.Duration, options workflow.TimerOptions,
) workflow.Future {
	o.note(ctx, "timer", duration.String())

	return o.Next.NewTimerWithOptions(ctx, duration, options)
}

func (o *outbound) Sleep(ctx workflow.Context, duration time.Duration) error {
	o.note(ctx, "timer", duration.String())

	return o.Next.Sleep(ctx, duration)
}
