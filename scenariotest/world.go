package scenariotest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// jobID is the ID of every job that is tested, so that what is drawn from it is the same each time.
const jobID = "test"

// pageSize is how many records a page holds: so few that a short test goes through several.
const pageSize = 2

// instant is how long takes what takes no time.
const instant = time.Nanosecond

// world is all that a job sees of the world while it is tested. It is touched by the coroutines of workflows alone, of
// which one runs at a time.
type world struct {
	mocks     []*mock
	places    map[string][]place // By the job's ID.
	variables scenario.Params
	set       map[string]bool              // The settings of variables that took effect.
	aside     map[string][]scenario.Params // The records that were set aside.

	trace       []string
	begun       []string
	calls       map[string]int
	attempts    map[string]int
	differences []string

	sawStop    bool // Whether the job was told to stop, and knows.
	history    int  // The events of the run, as far as they are counted.
	setHistory func(int)
}

func (w *world) differf(format string, arguments ...any) {
	w.differences = append(w.differences, fmt.Sprintf(format, arguments...))
}

// key names a step of the job, or of one that it started.
func (w *world) key(ofJob, instance string) string {
	if child, isChild := strings.CutPrefix(ofJob, jobID+"/"); isChild {
		return child + "/" + instance
	}

	return instance
}

// count counts events of the history of the job itself.
func (w *world) count(ctx workflow.Context, events int) {
	if workflow.GetInfo(ctx).WorkflowExecution.ID == jobID && ctx.Value(standIn{}) == nil {
		w.history += events
		w.setHistory(w.history)
	}
}

// standIn marks the context of what stands in for an activity, whose timers are no part of the history.
type standIn struct{}

// Workers run what stands in for activities within the workflow, so that everything happens in one order.
type (
	workers struct {
		interceptor.WorkerInterceptorBase

		world *world
	}

	inbound struct {
		interceptor.WorkflowInboundInterceptorBase

		world *world
	}

	outbound struct {
		interceptor.WorkflowOutboundInterceptorBase

		world *world
	}
)

func (w *workers) InterceptWorkflow(
	_ workflow.Context, next interceptor.WorkflowInboundInterceptor,
) interceptor.WorkflowInboundInterceptor {
	return &inbound{interceptor.WorkflowInboundInterceptorBase{Next: next}, w.world}
}

func (i *inbound) Init(next interceptor.WorkflowOutboundInterceptor) error {
	return i.Next.Init(&outbound{interceptor.WorkflowOutboundInterceptorBase{Next: next}, i.world})
}

func (i *inbound) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	if input, ok := in.Args[0].(job.Input); ok {
		entry := input.Program.Scenarios[input.Program.Entry]
		i.world.places[workflow.GetInfo(ctx).WorkflowExecution.ID] = placesOf(input.Program, "", entry.Steps)
	}

	if workflow.GetInfo(ctx).WorkflowExecution.ID == jobID {
		workflow.Go(ctx, func(ctx workflow.Context) {
			ctx.Done().Receive(ctx, nil)

			i.world.sawStop = true
		})
	}

	return i.Next.ExecuteWorkflow(ctx, in)
}

func (i *inbound) ExecuteUpdate(ctx workflow.Context, in *interceptor.UpdateInput) (any, error) {
	i.world.count(ctx, 5)

	return i.Next.ExecuteUpdate(ctx, in)
}

func (o *outbound) NewTimerWithOptions(ctx workflow.Context, d time.Duration, options workflow.TimerOptions) workflow.Future {
	o.world.count(ctx, 5)

	return o.Next.NewTimerWithOptions(ctx, d, options)
}

func (o *outbound) ExecuteChildWorkflow(ctx workflow.Context, kind string, arguments ...any) workflow.ChildWorkflowFuture {
	o.world.count(ctx, 9)

	return o.Next.ExecuteChildWorkflow(ctx, kind, arguments...)
}

func (o *outbound) ExecuteActivity(ctx workflow.Context, name string, arguments ...any) workflow.Future {
	future, settable := workflow.NewFuture(ctx)
	options := workflow.GetActivityOptions(ctx)

	o.world.count(ctx, 6)

	workflow.Go(workflow.WithValue(ctx, standIn{}, true), func(ctx workflow.Context) {
		answer, err := o.world.activity(ctx, name, options, arguments)
		if err != nil {
			settable.SetError(err)

			return
		}

		payloads, err := converter.GetDefaultDataConverter().ToPayloads(answer)
		settable.Set(payloads, err)
	})

	return future
}

// activity stands in for an activity.
func (w *world) activity(ctx workflow.Context, name string, options workflow.ActivityOptions, arguments []any) (any, error) {
	const count = 2 // The task, and what is asked.
	if len(arguments) != count {
		return nil, fmt.Errorf("the activity %s has %d arguments", name, len(arguments))
	}

	task, isTask := arguments[0].(job.Task)
	if !isTask {
		return nil, fmt.Errorf("the activity %s is given a %T", name, arguments[0])
	}

	call := &call{world: w, task: task, options: options}
	asked := arguments[1]

	switch name {
	case job.LookUpActivity:
		return answer(asked, func(asked job.LookUp) (any, error) { return call.lookUp(ctx, asked) })
	case job.ReadRecordsActivity:
		return answer(asked, func(asked job.RecordsQuery) (any, error) { return call.readRecords(ctx, asked) })
	case job.DropRecordsActivity:
		return answer(asked, func(key string) (any, error) { return nil, call.dropRecords(ctx, key) })
	case job.DropTableActivity:
		return answer(asked, func(job.SourceTable) (any, error) { return nil, nil }) // What it drops is mocked.
	case job.SetVariableActivity:
		return answer(asked, func(variable job.Variable) (any, error) { return nil, call.setVariable(ctx, variable) })
	default:
		return answer(asked, func(params scenario.Params) (any, error) { return call.data(ctx, params) })
	}
}

// answer lets what an activity is asked go through Temporal's encoding.
func answer[T any](asked any, do func(T) (any, error)) (any, error) {
	payloads, err := converter.GetDefaultDataConverter().ToPayloads(asked)
	if err != nil {
		return nil, err
	}

	var read T
	if err := converter.GetDefaultDataConverter().FromPayloads(payloads, &read); err != nil {
		return nil, err
	}

	return do(read)
}

// call is one call of an activity.
type call struct {
	world   *world
	task    job.Task
	options workflow.ActivityOptions
}

func (c *call) key() string { return c.world.key(c.task.JobID, c.task.Step) }

// step takes what the test says of the next call of the step.
func (c *call) step(ctx workflow.Context, params map[string]any) (outcomeForm, error) {
	var outcome outcomeForm

	if found := c.world.mockOf(c.task); found != nil {
		outcome = found.next()
	}

	c.world.calls[withoutRounds(c.key())]++

	what := fmt.Sprintf("step %s, call %d", c.key(), c.world.calls[withoutRounds(c.key())])

	return outcome, c.perform(ctx, what, outcome, params)
}

// perform lets time pass, and fails as often as the test wants.
func (c *call) perform(ctx workflow.Context, what string, outcome outcomeForm, params map[string]any) error {
	if outcome.Expect != nil {
		if found := mismatch("", map[string]any(outcome.Expect), params, false); found != "" {
			c.world.differf("%s: %s", what, strings.TrimPrefix(found, ": "))
		}
	}

	policy := c.options.RetryPolicy
	backoff := policy.InitialInterval

	for attempt := int32(1); ; attempt++ {
		c.world.attempts[withoutRounds(c.key())]++

		err := c.attempt(ctx, outcome, attempt)
		if err == nil || temporal.IsCanceledError(err) {
			return err
		}

		retryable := outcome.Error == nil || outcome.Error.Retryable || temporal.IsTimeoutError(err)
		if !retryable || attempt == policy.MaximumAttempts {
			return err
		}

		if err := workflow.Sleep(ctx, backoff); err != nil {
			return err
		}

		backoff = min(time.Duration(math.Round(float64(backoff)*policy.BackoffCoefficient)), policy.MaximumInterval)
	}
}

func (c *call) attempt(ctx workflow.Context, outcome outcomeForm, number int32) error {
	lasts := max(time.Duration(outcome.Duration), instant)
	if err := workflow.Sleep(ctx, min(lasts, c.options.StartToCloseTimeout)); err != nil {
		return err
	}

	switch failure := outcome.Error; {
	case lasts > c.options.StartToCloseTimeout:
		return temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_START_TO_CLOSE, nil)
	case failure != nil && (failure.Times == 0 || number <= failure.Times):
		return temporal.NewApplicationErrorWithOptions(failure.Message, failure.Code, temporal.ApplicationErrorOptions{
			NonRetryable: !failure.Retryable, Details: []any{job.ErrorDetail{Attempt: number}},
		})
	}

	return nil
}

// data stands in for a data operation.
func (c *call) data(ctx workflow.Context, params scenario.Params) (*job.StepOutcome, error) {
	outcome, err := c.step(ctx, params)
	if err != nil {
		return nil, err
	}

	answer := &job.StepOutcome{Value: scenario.Value{Any: outcome.Value.any}}
	if outcome.Rows != nil {
		answer.Rows = *outcome.Rows
	}

	if outcome.Result != "" {
		answer.Result = &job.Result{Name: &outcome.Result, Key: c.key() + ".json", Records: answer.Rows}
	}

	return answer, nil
}

// lookUp stands in for what expressions read from outside.
func (c *call) lookUp(ctx workflow.Context, asked job.LookUp) (*job.Found, error) {
	found := &job.Found{Variables: scenario.Params{}}

	for _, query := range asked.Queries {
		var outcome outcomeForm

		if mocked := c.world.queryMockOf(query); mocked != nil {
			outcome = mocked.next()
		} else {
			c.world.differf("step %s asks the source %s for %q, which no mock answers", c.key(), query.Source, query.Query)
		}

		params := scenario.Params{"source": query.Source, "bind": map[string]any(query.Bind)}
		if err := c.perform(ctx, fmt.Sprintf("step %s, query %q", c.key(), query.Query), outcome, params); err != nil {
			return nil, err
		}

		found.Cells = append(found.Cells, scenario.Value{Any: outcome.Value.any})
	}

	if len(asked.Queries) == 0 {
		if err := workflow.Sleep(ctx, instant); err != nil {
			return nil, err
		}
	}

	for _, name := range asked.Variables {
		if value, isSet := c.world.variables[name]; isSet {
			found.Variables[name] = value
		}
	}

	return found, nil
}

// readRecords stands in for the records of a query. They are set aside, and read in pages.
func (c *call) readRecords(ctx workflow.Context, asked job.RecordsQuery) (*job.RecordsPage, error) {
	if asked.Key == "" {
		return c.firstPage(ctx, asked.Query)
	}

	if err := workflow.Sleep(ctx, instant); err != nil {
		return nil, err
	}

	records, there := c.world.aside[asked.Key]
	if !there {
		c.world.differf("step %s reads records that were dropped", c.key())
	}

	return page(asked.Key, records, asked.Offset), nil
}

func (c *call) firstPage(ctx workflow.Context, query scenario.Query) (*job.RecordsPage, error) {
	asked := scenario.Params{"source": query.Source, "query": query.Query, "bind": map[string]any(query.Bind)}

	outcome, err := c.step(ctx, asked)
	if err != nil {
		return nil, err
	}

	records := make([]scenario.Params, len(outcome.Records))
	for i, record := range outcome.Records {
		records[i] = scenario.Params(record)
	}

	if len(records) <= pageSize {
		return &job.RecordsPage{Records: records}, nil
	}

	key := c.key() + "#" + strconv.Itoa(c.world.calls[withoutRounds(c.key())])
	c.world.aside[key] = records

	return page(key, records, 0), nil
}

func page(key string, records []scenario.Params, offset int64) *job.RecordsPage {
	end := min(offset+pageSize, int64(len(records)))
	found := &job.RecordsPage{Records: records[offset:end], Key: key}

	if end < int64(len(records)) {
		found.Next = end
	}

	return found
}

func (c *call) dropRecords(ctx workflow.Context, key string) error {
	if err := workflow.Sleep(ctx, instant); err != nil {
		return err
	}

	if _, there := c.world.aside[key]; !there {
		c.world.differf("step %s drops records that are not there: %s", c.key(), key)
	}

	delete(c.world.aside, key)

	return nil
}

// setVariable stands in for the store of the app's variables.
func (c *call) setVariable(ctx workflow.Context, variable job.Variable) error {
	given := scenario.Params{"name": variable.Name, "value": variable.Value.Any}
	if _, err := c.step(ctx, given); err != nil {
		return err
	}

	if !c.world.set[variable.ID] {
		c.world.set[variable.ID] = true
		c.world.variables[variable.Name] = variable.Value.Any
	}

	return nil
}
