package jobservice

import commandpb "go.temporal.io/api/command/v1"

// Ends reports the ends of workflows that workers of this process run, as soon as Temporal has stored them. An API server with
// it receives the outcome of such a job without a request to Temporal. It may miss ends: the server also asks Temporal, a little
// later.
type Ends interface {
	// Watch returns a channel that receives the command with which the workflow with this ID, which is the jobId, ends from now
	// on: CompleteWorkflowExecution, FailWorkflowExecution or CancelWorkflowExecution, with its payloads as the worker sent them
	// to Temporal. The channel receives a command only after Temporal has accepted it, and never a
	// ContinueAsNewWorkflowExecution. It is never closed. The caller calls stop when it no longer waits. Watch does not block
	// and is safe for concurrent use, also for one workflow.
	Watch(workflowID string) (end <-chan *commandpb.Command, stop func())
}
