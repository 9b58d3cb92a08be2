package apiserver

import (
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/browser"
	"github.com/jobwright/jobwright/job"
)

// authorization is what a valid key gives access to.
type authorization struct {
	app    *app.App
	access string // The name of the key's entry under `access` in app.yaml.
}

// authorize returns the app with that ID if the key grants the right in it. The key is the one in the request, or else that
// of the Authorization header. Without a key for an app, the error does not reveal whether the app exists.
func (s *Server) authorize(c *gin.Context, key, appID string, right app.Right) (authorization, error) {
	var none authorization

	log := logOf(c)
	log.app = appID

	if key == "" {
		key, _ = strings.CutPrefix(c.GetHeader("Authorization"), "Bearer ")
	}

	if key == "" {
		return none, newError(http.StatusUnauthorized, CodeUnauthorized, "apiKey parameter is required.")
	}

	if appID == "" {
		return none, badRequest("appId parameter is required.")
	}

	found, err := s.options.Apps.App(appID)
	if err != nil && !errors.Is(err, app.ErrNotFound) {
		return none, err
	}

	if s.isLoopbackKey(c, key) {
		if found == nil {
			return none, newError(http.StatusNotFound, CodeAppNotFound, "there is no app %s", appID)
		}

		log.access = job.AnyAccess

		return authorization{app: found, access: job.AnyAccess}, nil
	}

	if found != nil {
		if access, ok := found.Lookup(key); ok {
			log.access = access.Name

			if access.Grants(right) {
				return authorization{app: found, access: access.Name}, nil
			}

			return none, newError(http.StatusForbidden, CodeForbidden,
				"this apiKey does not have the right %q in app %s", right, appID)
		}
	}

	return none, s.unauthorized(key, appID)
}

// isLoopbackKey reports whether the key is a loopback key and the connection comes from this machine. Headers such as
// X-Forwarded-For don't count.
func (s *Server) isLoopbackKey(c *gin.Context, key string) bool {
	equals := func(known string) bool {
		return known != "" && subtle.ConstantTimeCompare([]byte(key), []byte(known)) == 1
	}

	if !equals(s.options.LoopbackKey) && (!equals(s.options.WellKnownKey) || browser.Sent(c.Request)) {
		return false
	}

	host, _, err := net.SplitHostPort(c.Request.RemoteAddr)

	return err == nil && net.ParseIP(host).IsLoopback()
}

// unauthorized returns the error for a key that the app does not have: 403 for the key of another app, 401 for an unknown
// key.
func (s *Server) unauthorized(key, appID string) error {
	ids, err := s.options.Apps.IDs()
	if err != nil {
		return err
	}

	for _, id := range ids {
		other, err := s.options.Apps.App(id)
		if err != nil {
			continue // The keys of an invalid app are not accepted anywhere.
		}

		if _, ok := other.Lookup(key); ok {
			return newError(http.StatusForbidden, CodeForbidden, "this apiKey is not for app %s", appID)
		}
	}

	return newError(http.StatusUnauthorized, CodeUnauthorized, "the apiKey is wrong")
}
