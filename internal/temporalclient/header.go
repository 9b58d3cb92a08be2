package temporalclient

import (
	"context"
	"net/url"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// resourceHeader contains the kind and the ID of what a request is about, for example "workflow:night-1". Proxies may use it to
// route requests; a server does not need it.
const resourceHeader = "temporal-resource-id"

// EncodeHeaders is an interceptor that percent-encodes the resource header if its value has other characters than those that
// gRPC accepts. Without it, every request about a workflow whose ID is not printable ASCII fails.
func EncodeHeaders(
	ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker,
	options ...grpc.CallOption,
) error {
	headers, _ := metadata.FromOutgoingContext(ctx) // A copy.

	values := headers.Get(resourceHeader)
	for i, value := range values {
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			values[i] = url.PathEscape(value)
		}
	}

	if len(values) > 0 {
		ctx = metadata.NewOutgoingContext(ctx, headers)
	}

	return invoke(ctx, method, request, reply, connection, options...)
}
