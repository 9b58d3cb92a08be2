package scenariotest

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// jobID is the ID of every tested job. It is constant, so that everything that depends on it is reproducible.
const jobID = "test"

// pageSize is the number of records in a page: so small that short tests read several pages.
const pageSize = 2

// minDuration is the duration of activities and timers without a duration of their own.
const minDuration = time.Nanosecond

// simulation replaces everything outside of the workflow: activities, sources, and the store of app variables. It needs no
// lock: only the coroutines of workflows use it, and they run one at a time.
type simulation struct {
	mocks     []*mock
	places    map[string][]place // By the job's ID.
	variables jsonvalue.Object
	applied   map[string]bool               // The IDs of the settings of variables that took effect.
	failed    map[string]callOutcome        // The outcomes of calls whose first attempt, a local activity, has failed.
	stored    map[string][]jsonvalue.Object // The stored records of queries, by their keys.

	trace       []string
	begun       []string
	calls       map[string]int
	attempts    map[string]int
	differences []string

	cancelled  bool // Whether the workflow has received its cancellation.
	history    int  // The approximate number of events in the history of the run.
	setHistory func(int)
}

func (s *simulation) differf(format string, arguments ...any) {
	s.differences = append(s.differences, fmt.Sprintf(format, arguments...))
}

// key identifies a step of the job, or of a child job.
func (s *simulation) key(ofJob, instance string) string {
	if child, isChild := strings.CutPrefix(ofJob, jobID+"/"); isChild {
		return child + "/" + instance
	}

	return instance
}

// count adds events to the history of the job. Events of child jobs and of simulated activities don't count.
func (s *simulation) count(ctx workflow.Context, events int) {
	if workflow.GetInfo(ctx).WorkflowExecution.ID == jobID && ctx.Value(simulated{}) == nil {
		s.history += events
		s.setHistory(s.history)
	}
}

// decode calls do with the request after a round trip through Temporal's encoding.
func decode[T any](request any, do func(T) (any, error)) (any, error) {
	payloads, err := converter.GetDefaultDataConverter().ToPayloads(request)
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
	simulation *simulation
	task       job.Task
	options    workflow.ActivityOptions
}

// run runs the activity of that name.
func (c *call) run(ctx workflow.Context, name string, request any) (any, error) {
	switch name {
	case job.LookUpActivity:
		return decode(request, func(r job.LookUp) (any, error) { return c.lookUp(ctx, r) })
	case job.ReadRecordsActivity:
		return decode(request, func(r job.RecordsQuery) (any, error) { return c.readRecords(ctx, r) })
	case job.DropRecordsActivity:
		return decode(request, func(key string) (any, error) { return nil, c.dropRecords(ctx, key) })
	case job.DropTableActivity:
		return decode(request, func(job.SourceTable) (any, error) { return nil, nil }) // Tests have no tables.
	case job.SetVariableActivity:
		return decode(request, func(variable job.Variable) (any, error) { return nil, c.setVariable(ctx, variable) })
	default:
		return decode(request, func(params jsonvalue.Object) (any, error) { return c.data(ctx, params) })
	}
}

func (c *call) key() string { return c.simulation.key(c.task.JobID, c.task.Step) }

// step performs the next call of the step as its mock defines it.
func (c *call) step(ctx workflow.Context, params map[string]any) (callOutcome, error) {
	if c.task.Attempts > 0 {
		outcome := c.simulation.failed[c.key()]

		return outcome, c.perform(ctx, "step "+c.key()+", after its first attempt", outcome, params)
	}

	var outcome callOutcome

	if found := c.simulation.mockOf(c.task); found != nil {
		if c.task.Local != nil && found.peek().Duration > 0 {
			return outcome, handedOver()
		}

		outcome = found.next()
	}

	c.simulation.calls[withoutRounds(c.key())]++

	name := fmt.Sprintf("step %s, call %d", c.key(), c.simulation.calls[withoutRounds(c.key())])

	err := c.perform(ctx, name, outcome, params)
	if err != nil && c.task.Local != nil {
		c.simulation.failed[c.key()] = outcome
	}

	return outcome, err
}

// handedOver returns the error of a local activity that takes time: a regular activity runs the step.
func handedOver() error {
	return temporal.NewNonRetryableApplicationError("handed over", job.HandedOver, nil)
}

// perform compares the parameters, lets time pass, and fails and retries as the mock defines.
func (c *call) perform(ctx workflow.Context, name string, outcome callOutcome, params map[string]any) error {
	if outcome.Expect != nil {
		if found := mismatch("", asReceived(outcome.Expect), params, false); found != "" {
			c.simulation.differf("%s: %s", name, strings.TrimPrefix(found, ": "))
		}
	}

	policy := c.options.RetryPolicy
	backoff := policy.InitialInterval

	for attempt := c.task.Attempts + 1; ; attempt++ {
		c.simulation.attempts[withoutRounds(c.key())]++

		err := c.attempt(ctx, outcome, attempt)
		if err == nil || temporal.IsCanceledError(err) {
			return err
		}

		retryable := outcome.Error == nil || outcome.Error.Retryable || temporal.IsTimeoutError(err)
		if !retryable || attempt == c.task.Attempts+policy.MaximumAttempts {
			return err
		}

		if err := workflow.Sleep(ctx, backoff); err != nil {
			return err
		}

		backoff = min(time.Duration(math.Round(float64(backoff)*policy.BackoffCoefficient)), policy.MaximumInterval)
	}
}

// asReceived returns expected parameters with queries and scripts as a source receives them: with parameters for expressions.
func asReceived(expected object) map[string]any {
	received := maps.Clone(map[string]any(expected))

	for _, name := range []string{"query", "script"} {
		text, isText := received[name].(string)
		if query, err := expression.ParseQueryText(text); isText && err == nil {
			received[name] = query.Text
		}
	}

	return received
}

func (c *call) attempt(ctx workflow.Context, outcome callOutcome, number int32) error {
	duration := max(time.Duration(outcome.Duration), minDuration)
	if err := workflow.Sleep(ctx, min(duration, c.options.StartToCloseTimeout)); err != nil {
		return err
	}

	switch failure := outcome.Error; {
	case duration > c.options.StartToCloseTimeout:
		return temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_START_TO_CLOSE, nil)
	case failure != nil && (failure.Times == 0 || number <= failure.Times):
		return temporal.NewApplicationErrorWithOptions(failure.Message, failure.Code, temporal.ApplicationErrorOptions{
			NonRetryable: !failure.Retryable, Details: []any{job.ErrorDetail{Attempt: number, Rejected: outcome.Rejected}},
		})
	}

	return nil
}

// data simulates a data operation.
func (c *call) data(ctx workflow.Context, params jsonvalue.Object) (*job.StepOutcome, error) {
	outcome, err := c.step(ctx, params)
	if err != nil {
		return nil, err
	}

	result := &job.StepOutcome{Rejected: outcome.Rejected, Value: jsonvalue.Value{Any: outcome.Value.any}}
	if outcome.Rows != nil {
		result.Rows = *outcome.Rows
	}

	if outcome.Result != "" {
		result.Result = &job.Result{Name: &outcome.Result, Key: c.key() + ".json", Records: result.Rows}
	}

	return result, nil
}

// lookUp simulates the queries and app variables that expressions read.
func (c *call) lookUp(ctx workflow.Context, request job.LookUp) (*job.Found, error) {
	found := &job.Found{Variables: jsonvalue.Object{}}

	if c.task.Local != nil && slices.ContainsFunc(request.Queries, c.takesTime) {
		return nil, handedOver()
	}

	for _, query := range request.Queries {
		var outcome callOutcome

		if mocked := c.simulation.queryMockOf(query); mocked != nil {
			outcome = mocked.next()
		} else {
			c.simulation.differf("step %s: no mock for the query %q of the source %s", c.key(), query.Query, query.Source)
		}

		params := jsonvalue.Object{"source": query.Source, "bind": map[string]any(query.Bind)}
		if err := c.perform(ctx, fmt.Sprintf("step %s, query %q", c.key(), query.Query), outcome, params); err != nil {
			return nil, err
		}

		found.Cells = append(found.Cells, jsonvalue.Value{Any: outcome.Value.any})
	}

	if len(request.Queries) == 0 {
		if err := workflow.Sleep(ctx, minDuration); err != nil {
			return nil, err
		}
	}

	for _, name := range request.Variables {
		if value, isSet := c.simulation.variables[name]; isSet {
			found.Variables[name] = value
		}
	}

	return found, nil
}

// takesTime reports whether the mock of a query defines a duration or an error.
func (c *call) takesTime(query expression.Query) bool {
	mocked := c.simulation.queryMockOf(query)

	return mocked != nil && (mocked.peek().Duration > 0 || mocked.peek().Error != nil)
}

// readRecords simulates the records of a query. They are stored and read in pages.
func (c *call) readRecords(ctx workflow.Context, request job.RecordsQuery) (*job.RecordsPage, error) {
	if request.Key == "" {
		return c.firstPage(ctx, request.Query)
	}

	if err := workflow.Sleep(ctx, minDuration); err != nil {
		return nil, err
	}

	records, there := c.simulation.stored[request.Key]
	if !there {
		c.simulation.differf("step %s reads records after they were dropped", c.key())
	}

	return page(request.Key, records, request.Offset), nil
}

func (c *call) firstPage(ctx workflow.Context, query expression.Query) (*job.RecordsPage, error) {
	params := jsonvalue.Object{"source": query.Source, "query": query.Query, "bind": map[string]any(query.Bind)}

	outcome, err := c.step(ctx, params)
	if err != nil {
		return nil, err
	}

	records := make([]jsonvalue.Object, len(outcome.Records))
	for i, record := range outcome.Records {
		records[i] = jsonvalue.Object(record)
	}

	if len(records) <= pageSize {
		return &job.RecordsPage{Records: records}, nil
	}

	key := c.key() + "#" + strconv.Itoa(c.simulation.calls[withoutRounds(c.key())])
	c.simulation.stored[key] = records

	return page(key, records, 0), nil
}

func page(key string, records []jsonvalue.Object, offset int64) *job.RecordsPage {
	end := min(offset+pageSize, int64(len(records)))
	found := &job.RecordsPage{Records: records[offset:end], Key: key}

	if end < int64(len(records)) {
		found.Next = end
	}

	return found
}

func (c *call) dropRecords(ctx workflow.Context, key string) error {
	if err := workflow.Sleep(ctx, minDuration); err != nil {
		return err
	}

	if _, there := c.simulation.stored[key]; !there {
		c.simulation.differf("step %s drops records that don't exist: %s", c.key(), key)
	}

	delete(c.simulation.stored, key)

	return nil
}

// setVariable simulates the store of app variables.
func (c *call) setVariable(ctx workflow.Context, variable job.Variable) error {
	params := jsonvalue.Object{"name": variable.Name, "value": variable.Value.Any}
	if _, err := c.step(ctx, params); err != nil {
		return err
	}

	if !c.simulation.applied[variable.ID] {
		c.simulation.applied[variable.ID] = true
		c.simulation.variables[variable.Name] = variable.Value.Any
	}

	return nil
}
