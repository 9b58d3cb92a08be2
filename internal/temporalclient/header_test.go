package temporalclient_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/jobwright/jobwright/internal/temporalclient"
)

func TestEncodeHeadersSendsNoValueThatGRPCRefuses(t *testing.T) {
	t.Parallel()

	for given, want := range map[string]string{
		"workflow:night 1/100%": "workflow:night 1/100%",
		"workflow:é":            "workflow:%C3%A9",
		"workflow:日本語/1":        "workflow:%E6%97%A5%E6%9C%AC%E8%AA%9E%2F1",
	} {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "temporal-resource-id", given, "temporal-namespace", "default")

		var sent metadata.MD

		require.NoError(t, temporalclient.EncodeHeaders(ctx, "", nil, nil, nil, func(
			ctx context.Context, _ string, _, _ any, _ *grpc.ClientConn, _ ...grpc.CallOption,
		) error {
			sent, _ = metadata.FromOutgoingContext(ctx)

			return nil
		}))
		require.Equal(t, metadata.MD{"temporal-resource-id": {want}, "temporal-namespace": {"default"}}, sent)
	}
}
