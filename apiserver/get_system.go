package apiserver

import (
	"context"
	"time"

	"github.com/jobwright/jobwright/jobservice"
)

// systemRequest has the fields of getSystem.
type systemRequest struct {
	APIKey string `json:"apiKey" description:"The caller's key."`
	AppID  string `json:"appId"  required:"true" description:"An app in which the key has the right operate."`
}

// storeTimeout limits the check of the result store.
const storeTimeout = 5 * time.Second

// getSystem responds with the state of the system.
func (s *Server) getSystem(ctx context.Context, call request[systemRequest]) (*jobservice.System, error) {
	found, err := s.jobs.System(ctx, call.caller)
	if err != nil {
		return nil, err
	}

	state := *found // Calls share it.
	state.ResultStore = s.describeStore(ctx)

	return &state, nil
}

// describeStore checks the result store.
func (s *Server) describeStore(ctx context.Context) jobservice.ResultStore {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()

	described := jobservice.ResultStore{Kind: s.options.Results.Kind(), Reachable: true}

	if err := s.options.Results.Check(ctx); err != nil {
		described.Reachable = false
		described.Message = "the result store can't be read; the server's log has the reason"

		s.options.Log.WarnContext(ctx, "the result store can't be read", "error", err)
	}

	return described
}
