package apiserver

import commandpb "go.temporal.io/api/command/v1"

// Ends reports the ends of workflows that workers of this process run, as soon as Temporal has stored them. An API server with
// it receives the outcome of such a job without a request to Temporal. It does not have to report every end: the server also
// asks Temporal, a little later. So an implementation may drop what nobody awaits.
type Ends interface {
	// Await subscribes to the end of the workflow with this ID, which is the jobId, until release is called. The channel
	// receives the command with which the workflow ended: CompleteWorkflowExecution, FailWorkflowExecution or
	// CancelWorkflowExecution, with its payloads as the worker sent them to Temporal. It must not receive a command before
	// Temporal has accepted it, nor a ContinueAsNewWorkflowExecution. It is never closed. Several callers may await the end of
	// one workflow. Await is safe for concurrent use and does not block.
	Await(workflowID string) (ended <-chan *commandpb.Command, release func())
}
