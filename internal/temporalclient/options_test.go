package temporalclient_test

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/internal/temporalclient"
)

func TestConfigureCompressesRequestsUnlessTemporalIsOnThisMachine(t *testing.T) {
	t.Parallel()

	for address, isCompressed := range map[string]bool{
		"127.0.0.1:7233": false, "127.1.2.3:7233": false, "[::1]:7233": false, "localhost:7233": false, "": false,
		"10.0.0.1:7233": true, "temporal.example.com:7233": true, "localhost.example.com:7233": true,
	} {
		options := client.Options{HostPort: address}
		temporalclient.Configure(&options, slog.New(slog.DiscardHandler))
		require.Equal(t, isCompressed, options.ConnectionOptions.GrpcCompression == nil, address)
	}

	// A configured compression stays.
	options := client.Options{HostPort: "127.0.0.1:7233"}
	options.ConnectionOptions.GrpcCompression = &client.GrpcCompressionGzip{}
	temporalclient.Configure(&options, slog.New(slog.DiscardHandler))
	require.Equal(t, &client.GrpcCompressionGzip{}, options.ConnectionOptions.GrpcCompression)
}
