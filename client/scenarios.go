package client

import (
	"context"

	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/lineage"
)

// scenariosRequest has the fields of getScenarios.
type scenariosRequest struct {
	App         string `json:"appId"`
	WithLineage bool   `json:"withLineage,omitempty"`
}

// Scenarios returns the scenarios of an app that the key may run, in the order of their names.
func (c *Client) Scenarios(ctx context.Context, appID string, withLineage bool) ([]jobservice.Scenario, error) {
	var found jobservice.Scenarios

	err := c.call(ctx, call{name: "getScenarios", fields: scenariosRequest{appID, withLineage}, isRepeatable: true}, &found)

	return found.Scenarios, err
}

// lineageRequest has the fields of getLineage.
type lineageRequest struct {
	App      string `json:"appId"`
	Scenario string `json:"scenarioName"`
}

// Lineage returns which tables, files and URLs a scenario reads and writes, by its definition.
func (c *Client) Lineage(ctx context.Context, appID, scenario string) (*lineage.Lineage, error) {
	return result[lineage.Lineage](ctx, c, call{
		name: "getLineage", fields: lineageRequest{appID, scenario}, isRepeatable: true,
	})
}
