package apiserver

import (
	"context"

	"github.com/jobwright/jobwright/jobservice"
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
