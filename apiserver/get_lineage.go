package apiserver

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// lineageRequest has the fields of getLineage.
type lineageRequest struct {
	APIKey       string `json:"apiKey"       description:"The caller's key."`
	AppID        string `json:"appId"        required:"true" description:"The app of the scenario."`
	ScenarioName string `json:"scenarioName" required:"true" description:"The scenario, which the key may run."`
}

// getLineage responds with what a scenario reads and writes, by its definition.
func (s *Server) getLineage(c *gin.Context, call request[lineageRequest]) {
	found, err := s.jobs.Lineage(call.caller, call.fields.ScenarioName)
	if err != nil {
		s.respondError(c, err)

		return
	}

	c.JSON(http.StatusOK, envelope{Status: "success", Result: found})
}
