package apiserver

import (
	"context"

	"github.com/jobwright/jobwright/jobservice"
)

// sourcesRequest has the fields of getSources.
type sourcesRequest struct {
	APIKey string `json:"apiKey" description:"The caller's key."`
	AppID  string `json:"appId"  required:"true" description:"The app of the sources."`
}

// getSources responds with the sources of the app.
func (s *Server) getSources(_ context.Context, call request[sourcesRequest]) (*jobservice.Sources, error) {
	return s.jobs.Sources(call.caller)
}

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
