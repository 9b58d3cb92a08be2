package apiserver

import (
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
)

// authorize returns the app that a call names, if the call's key has the right to it, and the name of the access that the
// key gives. A caller without a key for the app does not learn whether there is one.
func (s *Server) authorize(
	c *gin.Context, key, appID string, right app.Right,
) (found *app.App, access string, err error) {
	if key == "" {
		key, _ = strings.CutPrefix(c.GetHeader("Authorization"), "Bearer ")
	}

	if key == "" {
		return nil, "", newError(http.StatusUnauthorized, CodeUnauthorized, "apiKey parameter is required.")
	}

	if appID == "" {
		return nil, "", badRequest("appId parameter is required.")
	}

	found, err = s.options.Apps.App(appID)
	if err != nil && !errors.Is(err, app.ErrNotFound) {
		return nil, "", err
	}

	if s.isLoopbackKey(c, key) {
		if found == nil {
			return nil, "", newError(http.StatusNotFound, CodeAppNotFound, "there is no app %s", appID)
		}

		return found, job.Anybody, nil
	}

	if found != nil {
		if access, ok := found.Lookup(key); ok {
			if access.Grants(right) {
				return found, access.Name, nil
			}

			return nil, "", newError(http.StatusForbidden, CodeForbidden,
				"this apiKey has not the right %q in app %s", right, appID)
		}
	}

	return nil, "", s.refuse(key, appID)
}

// isLoopbackKey reports whether the call comes from this machine with the key that is good for it. Who the peer is, says
// the connection and no header.
func (s *Server) isLoopbackKey(c *gin.Context, key string) bool {
	if s.options.LoopbackKey == "" || subtle.ConstantTimeCompare([]byte(key), []byte(s.options.LoopbackKey)) == 0 {
		return false
	}

	host, _, err := net.SplitHostPort(c.Request.RemoteAddr)

	return err == nil && net.ParseIP(host).IsLoopback()
}

// refuse tells a key of another app from one that no app knows.
func (s *Server) refuse(key, appID string) error {
	ids, err := s.options.Apps.IDs()
	if err != nil {
		return err
	}

	for _, id := range ids {
		other, err := s.options.Apps.App(id)
		if err != nil {
			continue // An app with mistakes lets nobody in.
		}

		if _, ok := other.Lookup(key); ok {
			return newError(http.StatusForbidden, CodeForbidden, "this apiKey is not for app %s", appID)
		}
	}

	return newError(http.StatusUnauthorized, CodeUnauthorized, "the apiKey is wrong")
}
