package client

import (
	"context"

	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/lineage"
)

// Scenarios returns the scenarios of an app that the key may run, in the order of their names.
func (c *Client) Scenarios(ctx context.Context, appID string, withLineage bool) ([]jobservice.Scenario, error) {
	var found jobservice.Scenarios

	err := c.call(ctx, repeatable("getScenarios", fields{"appId": appID, "withLineage": withLineage}), &found)

	return found.Scenarios, err
}

// Scenario returns a scenario with the text of its file, its tests and its schedules.
func (c *Client) Scenario(ctx context.Context, appID, scenario string, withLineage bool) (*jobservice.ScenarioFile, error) {
	return result[jobservice.ScenarioFile](ctx, c, repeatable("getScenario", fields{
		"appId": appID, "scenarioName": scenario, "withLineage": withLineage,
	}))
}

// Lineage returns which tables, files and URLs a scenario reads and writes, by its definition.
func (c *Client) Lineage(ctx context.Context, appID, scenario string) (*lineage.Lineage, error) {
	return result[lineage.Lineage](ctx, c, repeatable("getLineage", fields{"appId": appID, "scenarioName": scenario}))
}
