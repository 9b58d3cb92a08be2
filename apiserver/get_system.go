package apiserver

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"

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
func (s *Server) getSystem(c *gin.Context, call request[systemRequest]) {
	found, err := s.jobs.System(c.Request.Context(), call.caller)
	if err != nil {
		s.respondError(c, err)

		return
	}

	state := *found // Calls share it.
	state.ResultStore = s.describeStore(c.Request.Context())
	respond(s, c, state, nil)
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
