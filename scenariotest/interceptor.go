package scenariotest

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// simulated marks the context of a simulated activity, whose timers are not part of the history.
type simulated struct{}

// The interceptors run simulated activities as coroutines of the workflow, which makes the order of events deterministic.
type (
	workerInterceptor struct {
		interceptor.WorkerInterceptorBase

		simulation *simulation
	}

	workflowInbound struct {
		interceptor.WorkflowInboundInterceptorBase

		simulation *simulation
	}

	workflowOutbound struct {
		interceptor.WorkflowOutboundInterceptorBase

		simulation *simulation
	}
)

func (i *workerInterceptor) InterceptWorkflow(
	_ workflow.Context, next interceptor.WorkflowInboundInterceptor,
) interceptor.WorkflowInboundInterceptor {
	return &workflowInbound{interceptor.WorkflowInboundInterceptorBase{Next: next}, i.simulation}
}

func (i *workflowInbound) Init(next interceptor.WorkflowOutboundInterceptor) error {
	return i.Next.Init(&workflowOutbound{interceptor.WorkflowOutboundInterceptorBase{Next: next}, i.simulation})
}

func (i *workflowInbound) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	if input, ok := in.Args[0].(job.Input); ok {
		entry := input.Program.Scenarios[input.Program.Entry]
		i.simulation.places[workflow.GetInfo(ctx).WorkflowExecution.ID] = placesOf(input.Program, "", entry.Steps)
	}

	if workflow.GetInfo(ctx).WorkflowExecution.ID == jobID {
		workflow.Go(ctx, func(ctx workflow.Context) {
			ctx.Done().Receive(ctx, nil)

			i.simulation.cancelled = true
		})
	}

	return i.Next.ExecuteWorkflow(ctx, in)
}

func (i *workflowInbound) ExecuteUpdate(ctx workflow.Context, in *interceptor.UpdateInput) (any, error) {
	i.simulation.count(ctx, 5)

	return i.Next.ExecuteUpdate(ctx, in)
}

func (o *workflowOutbound) NewTimerWithOptions(
	ctx workflow.Context, d time.Duration, options workflow.TimerOptions,
) workflow.Future {
	o.simulation.count(ctx, 5)

	return o.Next.NewTimerWithOptions(ctx, d, options)
}

func (o *workflowOutbound) ExecuteChildWorkflow(
	ctx workflow.Context, kind string, arguments ...any,
) workflow.ChildWorkflowFuture {
	o.simulation.count(ctx, 9)

	return o.Next.ExecuteChildWorkflow(ctx, kind, arguments...)
}

func (o *workflowOutbound) ExecuteActivity(ctx workflow.Context, name string, arguments ...any) workflow.Future {
	options := workflow.GetActivityOptions(ctx)

	o.simulation.count(ctx, 6)

	return simulate(ctx, func(ctx workflow.Context) (any, error) {
		task, request, isStep := callOf(arguments)
		if !isStep {
			return nil, fmt.Errorf("the activity %s has the arguments %v", name, arguments)
		}

		return (&call{simulation: o.simulation, task: task, options: options}).run(ctx, name, request)
	})
}

func (o *workflowOutbound) ExecuteLocalActivity(ctx workflow.Context, name string, arguments ...any) workflow.Future {
	o.simulation.count(ctx, 1)

	task, request, isStep := callOf(arguments)
	if !isStep { // It does nothing.
		return o.Next.ExecuteLocalActivity(ctx, name, arguments...)
	}

	return simulate(ctx, func(ctx workflow.Context) (any, error) {
		options := workflow.ActivityOptions{
			StartToCloseTimeout: task.Local.Timeout, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
		}

		return (&call{simulation: o.simulation, task: task, options: options}).run(ctx, name, request)
	})
}

// callOf returns the arguments of an activity that runs a step.
func callOf(arguments []any) (task job.Task, request any, isStep bool) {
	const count = 2 // The task and the request.
	if len(arguments) != count {
		return job.Task{}, nil, false
	}

	task, isStep = arguments[0].(job.Task)

	return task, arguments[1], isStep
}

// simulate returns the future of a simulated activity.
func simulate(ctx workflow.Context, activity func(workflow.Context) (any, error)) workflow.Future {
	future, settable := workflow.NewFuture(ctx)

	workflow.Go(workflow.WithValue(ctx, simulated{}, true), func(ctx workflow.Context) {
		result, err := activity(ctx)
		if err != nil {
			settable.SetError(err)

			return
		}

		payloads, err := converter.GetDefaultDataConverter().ToPayloads(result)
		settable.Set(payloads, err)
	})

	return future
}
