// Package temporalclient configures the clients of Temporal that Jobwright's processes share: their log, their heartbeats and
// their headers.
package temporalclient

import (
	"log/slog"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"google.golang.org/grpc"
)

// Configure adds to the options of a client what every process of Jobwright needs, and a log for the messages of the SDK.
func Configure(options *client.Options, log *slog.Logger) {
	options.Logger = sdklog.NewStructuredLogger(slog.New(handler{log.Handler()}))
	options.ConnectionOptions.DialOptions = append(options.ConnectionOptions.DialOptions,
		grpc.WithChainUnaryInterceptor(PatientHeartbeats, EncodeHeaders))
}
