package main

import (
	"fmt"
	"log/slog"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	sdklog "go.temporal.io/sdk/log"
	"google.golang.org/grpc"

	"github.com/jobwright/jobwright/worker"
)

// clientOptions reads which Temporal to use, and how, from the environment and the profiles of Temporal's own tools.
func clientOptions(log *slog.Logger) (client.Options, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return options, fmt.Errorf("the configuration of Temporal is wrong: %w", err)
	}

	if options.Namespace == "" {
		options.Namespace = client.DefaultNamespace
	}

	if options.HostPort == "" {
		options.HostPort = client.DefaultHostPort
	}

	options.Logger = sdklog.NewStructuredLogger(log)
	options.ConnectionOptions.DialOptions = append(options.ConnectionOptions.DialOptions,
		grpc.WithChainUnaryInterceptor(worker.PatientHeartbeats))

	return options, nil
}
