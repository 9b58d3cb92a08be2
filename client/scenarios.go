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

// scenarioRequest has the fields of getScenario.
type scenarioRequest struct {
	App         string `json:"appId"`
	Scenario    string `json:"scenarioName"`
	WithLineage bool   `json:"withLineage,omitempty"`
}

// Scenario returns a scenario with the text of its file, its tests and its schedules.
func (c *Client) Scenario(ctx context.Context, appID, scenario string, withLineage bool) (*jobservice.ScenarioFile, error) {
	return result[jobservice.ScenarioFile](ctx, c, call{
		name: "getScenario", fields: scenarioRequest{appID, scenario, withLineage}, isRepeatable: true,
	})
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
