package apiserver

import (
	"context"

	"github.com/jobwright/jobwright/jobservice"
)

// scenarioRequest has the fields of getScenario.
type scenarioRequest struct {
	APIKey       string `json:"apiKey"       description:"The caller's key."`
	AppID        string `json:"appId"        required:"true" description:"The app of the scenario."`
	ScenarioName string `json:"scenarioName" required:"true" description:"The scenario, which the key may run."`
	WithLineage  bool   `json:"withLineage"  description:"Whether to add what the scenario reads and writes. Default: false."`
}

// getScenario responds with a scenario and its file.
func (s *Server) getScenario(_ context.Context, call request[scenarioRequest]) (*jobservice.ScenarioFile, error) {
	return s.jobs.ScenarioFile(call.caller, call.fields.ScenarioName, call.fields.WithLineage)
}
