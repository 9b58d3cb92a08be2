// Package node runs an API server and a worker in one process. They share a client of Temporal: a job starts in the process that
// has accepted it, without waiting in a queue of Temporal, and its end reaches waiting callers without another request to
// Temporal.
package node

import (
	"context"
	"errors"
	"net"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/worker"
)

// Node is an API server and a worker. Both have the same client, apps, keys and result store, which the caller closes after
// [Node.Run].
type Node struct {
	Temporal client.Client
	API      apiserver.Options
	Listener net.Listener  // The API server accepts connections here, and closes it.
	Grace    time.Duration // The time for running requests to finish when the node stops.

	Worker worker.Options
}

// Run serves and runs jobs until ctx is done, or until one of the two parts fails. Then it stops first the API server, which
// responds with 202 to calls that wait for a job, and then the worker. It returns nil after a stop by ctx.
//
// Temporal need not be reachable yet: the API server rejects calls and the worker tries to start until it is.
func (n Node) Run(ctx context.Context) error {
	serving, stopServing := context.WithCancel(ctx)
	defer stopServing()

	working, stopWorking := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWorking()

	worked := make(chan error, 1)

	go func() {
		worked <- worker.Run(working, n.Temporal, n.Worker)

		stopServing() // Without the worker, another process should get the calls.
	}()

	err := apiserver.New(n.API).Serve(serving, n.Listener, n.Grace)

	stopWorking()

	return errors.Join(err, <-worked)
}
