package apiserver

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// scenariosRequest has the fields of getScenarios.
type scenariosRequest struct {
	APIKey      string `json:"apiKey"      description:"The caller's key."`
	AppID       string `json:"appId"       required:"true" description:"The app."`
	WithLineage bool   `json:"withLineage" description:"Whether to add what each scenario reads and writes. Default: false."`
}

// getScenarios responds with the scenarios of the app that the caller may run.
func (s *Server) getScenarios(c *gin.Context, call request[scenariosRequest]) {
	found, err := s.jobs.Scenarios(call.caller, call.fields.WithLineage)
	if err != nil {
		s.respondError(c, err)

		return
	}

	c.JSON(http.StatusOK, envelope{Status: "success", Result: found})
}
