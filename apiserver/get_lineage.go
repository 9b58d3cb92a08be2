package apiserver

import (
	"context"

	"github.com/jobwright/jobwright/lineage"
)

// lineageRequest has the fields of getLineage.
type lineageRequest struct {
	APIKey       string `json:"apiKey"       description:"The caller's key."`
	AppID        string `json:"appId"        required:"true" description:"The app of the scenario."`
	ScenarioName string `json:"scenarioName" required:"true" description:"The scenario, which the key may run."`
}

// getLineage responds with what a scenario reads and writes, by its definition.
func (s *Server) getLineage(_ context.Context, call request[lineageRequest]) (*lineage.Lineage, error) {
	return s.jobs.Lineage(call.caller, call.fields.ScenarioName)
}
