package apiserver

import (
	"crypto/subtle"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/apikey"
	"github.com/jobwright/jobwright/internal/browser"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/scenario/problem"
)

// headerKey returns the key, or the access token, of the header Authorization, or "" if there is none. Schemes other than Bearer
// are ignored, as they may be for a proxy.
func headerKey(c *gin.Context) string {
	scheme, key, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}

	return strings.TrimSpace(key)
}

// authenticateHeader rejects an unknown key or token of the header Authorization, before the body of the request is read.
func (s *Server) authenticateHeader(c *gin.Context) error {
	if key := headerKey(c); key != "" {
		return s.authenticate(c, key)
	}

	return nil
}

// authenticate rejects a key, or a token, that no app accepts.
func (s *Server) authenticate(c *gin.Context, key string) error {
	if s.isLoopbackKey(c, key) {
		return nil
	}

	err := s.options.Apps.CheckKey(key)
	if errors.Is(err, app.ErrUnknownKey) && hasTokenForm(key) {
		_, err := s.verifyToken(c, key)

		return err
	}

	if err != nil {
		return s.authenticationFailed(c, keyRefused(err))
	}

	return nil
}

// authorize returns the app with that ID if the key grants the right in it. The key, or the access token in its place, is the one
// in the request, or else that of the header Authorization. Without a key for an app, the error does not reveal whether the app
// exists.
func (s *Server) authorize(c *gin.Context, key, appID string, right app.Right) (
	jobservice.Caller, error,
) {
	var none jobservice.Caller

	log := logOf(c)
	log.app = appID

	key, err := s.keyOf(c, key)
	if err != nil {
		return none, err
	}

	if appID == "" {
		return none, jobservice.Invalid("appId parameter is required.")
	}

	found, err := s.options.Apps.App(appID)
	if invalid, ok := errors.AsType[*app.InvalidError](err); ok {
		return none, s.appInvalid(c, key, invalid)
	}

	if err != nil && !errors.Is(err, app.ErrNotFound) {
		return none, err
	}

	access, err := s.accessOf(c, found, appID, key)
	if err != nil {
		return none, err
	}

	log.access = access.Name

	caller := jobservice.Caller{App: found, Access: access}

	return caller, caller.Require(right)
}

// keyOf returns the key of a request: the one in its fields, or else that of the header Authorization.
func (s *Server) keyOf(c *gin.Context, key string) (string, error) {
	if inHeader := headerKey(c); key == "" {
		key = inHeader
	} else if inHeader != "" && inHeader != key {
		return "", jobservice.Invalid("the apiKey and the header Authorization have different keys; omit one of them")
	}

	if key == "" {
		message := "apiKey parameter is required."
		if c.GetHeader("Authorization") != "" {
			message += " The header Authorization must be Bearer, a space and the key."
		}

		return "", s.authenticationFailed(c, jobservice.NewError(codeUnauthorized, "%s", message))
	}

	return key, nil
}

// accessOf returns the access that the key has to the app, which is nil if there is no such app.
func (s *Server) accessOf(c *gin.Context, found *app.App, appID, key string) (app.Access, error) {
	if s.isLoopbackKey(c, key) {
		if found == nil {
			return app.Access{}, jobservice.NewError(codeAppNotFound, "there is no app %s", appID)
		}

		return playedAccess(c, found)
	}

	access, err := s.grantedAccess(c, found, appID, key)
	if err == nil && c.GetHeader(actAs) != "" {
		return access, jobservice.NewError(jobservice.CodeForbidden,
			"only the keys of jobwright-dev may use the header %s", actAs)
	}

	return access, err
}

// grantedAccess returns the access that the app's definition gives to a key or a token.
func (s *Server) grantedAccess(c *gin.Context, found *app.App, appID, key string) (app.Access, error) {
	if found != nil {
		access, err := found.Lookup(key)
		if err == nil {
			return access, nil
		}

		if _, expired := errors.AsType[*app.ExpiredKeyError](err); expired {
			return app.Access{}, s.authenticationFailed(c, keyRefused(err))
		}
	}

	err := s.options.Apps.CheckKey(key)

	switch {
	case err == nil:
		return app.Access{}, jobservice.NewError(jobservice.CodeForbidden, "this apiKey is not for app %s", appID)
	case errors.Is(err, app.ErrUnknownKey) && hasTokenForm(key):
		return s.accessOfToken(c, found, appID, key)
	default:
		return app.Access{}, s.authenticationFailed(c, keyRefused(err))
	}
}

// actAs is the header with the name of an access of the app, with whose rights the holder of a loopback key makes the call.
// Authors see by it what the holders of other keys may do.
const actAs = "Jobwright-Act-As"

// playedAccess returns the access that the holder of a loopback key plays, by default one with all rights.
func playedAccess(c *gin.Context, of *app.App) (app.Access, error) {
	name := c.GetHeader(actAs)
	if name == "" {
		return app.Unlimited(job.AnyAccess), nil
	}

	at := slices.IndexFunc(of.Access, func(access app.Access) bool { return access.Name == name })
	if at < 0 {
		return app.Access{}, jobservice.Invalid("the header %s names no access of app %s; the names in app.yaml are %s",
			actAs, of.ID, strings.Join(of.Environment().Access, ", "))
	}

	return of.Access[at], nil
}

// appInvalid returns the error for an app without a valid revision. Its keys are unknown, so that only a loopback key sees the
// mistakes.
func (s *Server) appInvalid(c *gin.Context, key string, invalid *app.InvalidError) error {
	failed := jobservice.NewError(codeAppInvalid,
		"app %s can't be used until its app.yaml is corrected; the server's log has the mistakes", invalid.ID)

	var problems problem.List
	if s.isLoopbackKey(c, key) && errors.As(invalid, &problems) {
		failed = jobservice.WithProblems(codeAppInvalid, problems)
	}

	return failed.RepeatAfter(retryAfter)
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

	return isFromLoopback(c)
}

// isFromLoopback reports whether the connection comes from this machine.
func isFromLoopback(c *gin.Context) bool {
	host, _, err := net.SplitHostPort(c.Request.RemoteAddr)

	return err == nil && net.ParseIP(host).IsLoopback()
}

// keyRefused returns the error for a key that no app accepts.
func keyRefused(err error) *jobservice.Error {
	expired, isExpired := errors.AsType[*app.ExpiredKeyError](err)

	switch {
	case isExpired:
		return jobservice.NewError(codeKeyExpired, "the apiKey expired at %s; the operator of the app has to make a new one",
			expired.Expired.UTC().Format(time.RFC3339))
	case errors.Is(err, apikey.ErrMistyped):
		return jobservice.NewError(codeUnauthorized, "the apiKey is mistyped or incomplete")
	default:
		return jobservice.NewError(codeUnauthorized, "the apiKey is wrong")
	}
}
