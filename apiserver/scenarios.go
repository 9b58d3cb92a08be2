package apiserver

import (
	"context"

	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/lineage"
)

// scenariosRequest has the fields of getScenarios.
type scenariosRequest struct {
	APIKey      string `json:"apiKey"      description:"The caller's key."`
	AppID       string `json:"appId"       required:"true" description:"The app."`
	WithLineage bool   `json:"withLineage" description:"Whether to add what each scenario reads and writes. Default: false."`
}

// getScenarios responds with the scenarios of the app that the caller may run.
func (s *Server) getScenarios(_ context.Context, call request[scenariosRequest]) (*jobservice.Scenarios, error) {
	return s.jobs.Scenarios(call.caller, call.fields.WithLineage)
}

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
