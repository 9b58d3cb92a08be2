package worker

import (
	"context"
	"errors"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

// heartbeatPatience is how long a heartbeat is tried: nearly as long as Temporal waits for one until it gives the step to
// another worker.
const heartbeatPatience = 12 * time.Second

// PatientHeartbeats is an interceptor for the connection of a worker's client. It tries a heartbeat for 12 seconds, whatever
// deadline it has: the SDK gives one up when the next is due, and ends the step's attempt with it, although Temporal, away for
// those few seconds, would not hold them against the step. All other calls pass through.
func PatientHeartbeats(
	ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker,
	options ...grpc.CallOption,
) error {
	if method != workflowservice.WorkflowService_RecordActivityTaskHeartbeat_FullMethodName {
		return invoke(ctx, method, request, reply, connection, options...)
	}

	patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), heartbeatPatience)
	defer cancel()

	defer context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) { // The attempt has ended.
			cancel()
		}
	})()

	return again(patient, method, request, reply, connection, invoke, options...)
}

// again repeats a call as long as Temporal is not there, or has too much to do.
var again = retry.UnaryClientInterceptor(
	retry.WithMax(1_000), // More than fit into the patience.
	retry.WithBackoff(retry.BackoffExponentialWithJitterBounded(50*time.Millisecond, 0.2, time.Second)),
	retry.WithCodes(codes.Unavailable, codes.ResourceExhausted),
)
