package apiserver

import "github.com/gin-gonic/gin"

// sourcesRequest has the fields of getSources.
type sourcesRequest struct {
	APIKey string `json:"apiKey" description:"The caller's key."`
	AppID  string `json:"appId"  required:"true" description:"The app of the sources."`
}

// getSources responds with the sources of the app.
func (s *Server) getSources(c *gin.Context, call request[sourcesRequest]) {
	found, err := s.jobs.Sources(call.caller)
	respond(s, c, found, err)
}
