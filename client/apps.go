package client

import (
	"context"

	"github.com/jobwright/jobwright/jobservice"
)

// Apps returns the apps that the key may use, in the order of their IDs.
func (c *Client) Apps(ctx context.Context) ([]jobservice.App, error) {
	var found jobservice.Apps

	err := c.call(ctx, repeatable("getApps", fields{}), &found)

	return found.Apps, err
}

// App returns an app that the key may use, or the first of them if appID is empty. It returns nil if there is none.
func (c *Client) App(ctx context.Context, appID string) (*jobservice.App, error) {
	var found jobservice.Apps

	err := c.call(ctx, repeatable("getApps", fields{"appId": appID}), &found)
	if err != nil || len(found.Apps) == 0 {
		return nil, err
	}

	return &found.Apps[0], nil
}

// Sources returns the sources of an app, in the order of their names.
func (c *Client) Sources(ctx context.Context, appID string) ([]jobservice.Source, error) {
	var found jobservice.Sources

	err := c.call(ctx, repeatable("getSources", fields{"appId": appID}), &found)

	return found.Sources, err
}

// CheckSource asks a worker to check that a source can be used, and waits for the result.
func (c *Client) CheckSource(ctx context.Context, appID, source string) (*jobservice.SourceChecked, error) {
	return result[jobservice.SourceChecked](ctx, c, repeatable("checkSource", fields{"appId": appID, "source": source}))
}

// System returns the state of the system, to the holder of a key with the right operate in an app.
func (c *Client) System(ctx context.Context, appID string) (*jobservice.System, error) {
	return result[jobservice.System](ctx, c, repeatable("getSystem", fields{"appId": appID}))
}
