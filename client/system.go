package client

import (
	"context"

	"github.com/jobwright/jobwright/jobservice"
)

// CheckSource asks a worker to check that a source can be used, and waits for the result.
func (c *Client) CheckSource(ctx context.Context, appID, source string) (*jobservice.SourceChecked, error) {
	return result[jobservice.SourceChecked](ctx, c, repeatable("checkSource", fields{"appId": appID, "source": source}))
}

// System returns the state of the system, to the holder of a key with the right operate in an app.
func (c *Client) System(ctx context.Context, appID string) (*jobservice.System, error) {
	return result[jobservice.System](ctx, c, repeatable("getSystem", fields{"appId": appID}))
}
