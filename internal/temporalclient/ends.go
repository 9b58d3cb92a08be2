package temporalclient

import (
	"context"
	"strings"
	"sync"

	commandpb "go.temporal.io/api/command/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
)

// Ends reports the ends of the workflows that workers of a client run, to goroutines of the same process: without a request to
// Temporal, and as soon as Temporal has stored the end. An end can be missed, for example if Temporal stored it and its response
// was lost, if another process ran the workflow, or if an operator terminated it. So Ends replaces no other way of waiting: it
// only makes the usual case faster.
//
// The zero value is ready for use. [Ends.AddTo] connects it with a client.
type Ends struct {
	mutex    sync.Mutex
	watchers map[string]map[chan<- *commandpb.Command]struct{} // By workflow ID. Only watched workflows have an entry.
}

// AddTo adds an interceptor to the options of a client, whose workers then report ends.
func (e *Ends) AddTo(options *client.Options) {
	options.ConnectionOptions.DialOptions = append(options.ConnectionOptions.DialOptions,
		grpc.WithChainUnaryInterceptor(e.Intercept))
}

// Watch returns a channel that receives the command with which a workflow ends from now on: its completion, its failure or its
// cancellation, in whichever run of a chain of runs that continue as new. The channel receives at most one command, which is not
// to be changed, and is never closed. A caller that starts the workflow watches before it starts it.
//
// The caller calls stop when it no longer waits, more than once if it likes.
func (e *Ends) Watch(workflowID string) (end <-chan *commandpb.Command, stop func()) {
	watcher := make(chan *commandpb.Command, 1) // A report never waits for a reader.

	e.mutex.Lock()
	defer e.mutex.Unlock()

	if e.watchers == nil {
		e.watchers = make(map[string]map[chan<- *commandpb.Command]struct{})
	}

	if e.watchers[workflowID] == nil {
		e.watchers[workflowID] = make(map[chan<- *commandpb.Command]struct{})
	}

	e.watchers[workflowID][watcher] = struct{}{}

	return watcher, func() { e.remove(workflowID, watcher) }
}

// remove removes a watcher, if the workflow has not ended before.
func (e *Ends) remove(workflowID string, watcher chan<- *commandpb.Command) {
	e.mutex.Lock()
	defer e.mutex.Unlock()

	delete(e.watchers[workflowID], watcher)

	if len(e.watchers[workflowID]) == 0 {
		delete(e.watchers, workflowID)
	}
}

// workflowResource begins the resource ID of a request about a workflow; the workflow ID follows.
const workflowResource = "workflow:"

// Intercept is an interceptor for the connection of a worker's client. It reports the command with which a workflow task ends
// its workflow, after Temporal has accepted it. It changes no call.
//
// Temporal responds with an error if it does not accept the command, for example because a signal has arrived meanwhile. A
// workflow with a retry policy or a cron schedule would continue after such a command; jobs have neither.
func (e *Ends) Intercept(
	ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker,
	options ...grpc.CallOption,
) error {
	err := invoke(ctx, method, request, reply, connection, options...)

	// A request without a workflow ID is of another SDK. The commands of an intermediate page are not in effect yet.
	completed, ok := request.(*workflowservice.RespondWorkflowTaskCompletedRequest)
	if err != nil || !ok || completed.GetIntermediatePage() {
		return err
	}

	workflowID, ok := strings.CutPrefix(completed.GetResourceId(), workflowResource)
	if !ok {
		return nil
	}

	for _, command := range completed.GetCommands() {
		if endsWorkflow(command) {
			e.report(workflowID, command)

			break // Temporal ignores further ones.
		}
	}

	return nil
}

// endsWorkflow reports whether the command ends a workflow, including all its runs.
func endsWorkflow(command *commandpb.Command) bool {
	switch command.GetCommandType() {
	case enumspb.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION, enumspb.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION,
		enumspb.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION:
		return true
	default:
		return false
	}
}

// report passes the command to all watchers of the workflow.
func (e *Ends) report(workflowID string, command *commandpb.Command) {
	e.mutex.Lock()
	defer e.mutex.Unlock()

	for watcher := range e.watchers[workflowID] {
		watcher <- command
	}

	delete(e.watchers, workflowID)
}
