package temporalclient

import (
	"context"
	"errors"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

// heartbeatPatience limits the retries of a heartbeat. It is slightly shorter than the heartbeat timeout, after which Temporal
// assigns the step to another worker.
const heartbeatPatience = 12 * time.Second

// PatientHeartbeats is an interceptor for the connection of a worker's client. It retries a heartbeat for 12 seconds,
// regardless of the call's deadline: the SDK's own deadline is the next heartbeat, and if it expires, the SDK ends the step's
// attempt, although a short outage of Temporal does not exceed the heartbeat timeout. If the attempt ends during its last
// heartbeat, the heartbeat succeeds: no result of it matters, and the SDK logs an error as a warning. Other calls are passed
// through.
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

	err := retryCall(patient, method, request, reply, connection, invoke, options...)
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil
	}

	return err
}

// retryCall repeats a call while Temporal is unavailable or overloaded.
var retryCall = retry.UnaryClientInterceptor(
	retry.WithMax(1_000), // heartbeatPatience ends the retries earlier.
	retry.WithBackoff(retry.BackoffExponentialWithJitterBounded(50*time.Millisecond, 0.2, time.Second)),
	retry.WithCodes(codes.Unavailable, codes.ResourceExhausted),
)
