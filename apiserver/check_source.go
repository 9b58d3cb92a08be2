package apiserver

import (
	"context"

	"github.com/jobwright/jobwright/jobservice"
)

// checkSourceRequest has the fields of checkSource.
type checkSourceRequest struct {
	APIKey string `json:"apiKey" description:"The caller's key."`
	AppID  string `json:"appId"  required:"true" description:"The app of the source."`
	Source string `json:"source" required:"true" description:"The name of the source."`
}

// checkSource responds with whether a worker can use a source.
func (s *Server) checkSource(
	ctx context.Context, call request[checkSourceRequest],
) (*jobservice.SourceChecked, error) {
	return s.jobs.CheckSource(ctx, call.caller, call.fields.Source)
}
