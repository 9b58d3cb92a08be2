package apiserver

import "github.com/gin-gonic/gin"

// checkSourceRequest has the fields of checkSource.
type checkSourceRequest struct {
	APIKey string `json:"apiKey" description:"The caller's key."`
	AppID  string `json:"appId"  required:"true" description:"The app of the source."`
	Source string `json:"source" required:"true" description:"The name of the source."`
}

// checkSource responds with whether a worker can use a source.
func (s *Server) checkSource(c *gin.Context, call request[checkSourceRequest]) {
	checked, err := s.jobs.CheckSource(c.Request.Context(), call.caller, call.fields.Source)
	respond(s, c, checked, err)
}
